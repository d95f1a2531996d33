#include "apps/nexmark/queries/channel_ids.hpp"
#include "apps/nexmark/queries/lent.hpp"
#include "apps/nexmark/query.hpp"

namespace nexmark {

namespace {

struct row {
  std::int64_t auction = 0;
  std::int64_t bidder = 0;
  std::int64_t price = 0;
  flow::text channel;
  flow::text channel_id;
};

constexpr auto add_id = [](const event& each, flow::collector<row>& out) {
  const bid* offer = std::get_if<bid>(&each);
  if (offer == nullptr)
    return;
  if (const auto id = channel_id_of(offer->channel, offer->url))
    out.emit(row{offer->auction, offer->bidder, offer->price,
                 lent(offer->channel), lent(*id)});
};

constexpr auto write = [](const row& each, flow::csv_writer& to) {
  to.integer(each.auction)
    .integer(each.bidder)
    .integer(each.price)
    .text(each.channel)
    .text(each.channel_id);
};

} // namespace

/// Bids with the number of their channel, where it has one.
void compose_q21(const query_context& context) {
  auto bids = context.events.flat_map(add_id);
  bids.uid("bids").name("bids with channel id");
  context.finish(bids, "auction,bidder,price,channel,channel_id", write);
}

} // namespace nexmark
