#include "apps/nexmark/queries/directories.hpp"
#include "apps/nexmark/queries/lent.hpp"
#include "apps/nexmark/query.hpp"

namespace nexmark {

namespace {

struct row {
  std::int64_t auction = 0;
  std::int64_t bidder = 0;
  std::int64_t price = 0;
  flow::text channel;
  flow::text dir1;
  flow::text dir2;
  flow::text dir3;
};

constexpr auto split = [](const event& each, flow::collector<row>& out) {
  const bid* offer = std::get_if<bid>(&each);
  if (offer == nullptr)
    return;
  const auto found = directories_of(offer->url);
  out.emit(row{offer->auction, offer->bidder, offer->price,
               lent(offer->channel), lent(found[0]), lent(found[1]),
               lent(found[2])});
};

constexpr auto write = [](const row& each, flow::csv_writer& to) {
  to.integer(each.auction)
    .integer(each.bidder)
    .integer(each.price)
    .text(each.channel)
    .text(each.dir1)
    .text(each.dir2)
    .text(each.dir3);
};

} // namespace

/// Bids with the directories of their url.
void compose_q22(const query_context& context) {
  auto bids = context.events.flat_map(split);
  bids.uid("bids").name("bids with directories");
  context.finish(bids, "auction,bidder,price,channel,dir1,dir2,dir3", write);
}

} // namespace nexmark
