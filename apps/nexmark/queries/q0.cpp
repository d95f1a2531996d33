#include "apps/nexmark/queries/lent.hpp"
#include "apps/nexmark/query.hpp"

namespace nexmark {

namespace {

struct row {
  std::int64_t auction = 0;
  std::int64_t bidder = 0;
  std::int64_t price = 0;
  flow::timestamp date_time = 0;
  flow::text extra;
};

constexpr auto pass = [](const event& each, flow::collector<row>& out) {
  if (const bid* offer = std::get_if<bid>(&each))
    out.emit(row{offer->auction, offer->bidder, offer->price, offer->date_time,
                 lent(offer->extra)});
};

constexpr auto write = [](const row& each, flow::csv_writer& to) {
  to.integer(each.auction)
    .integer(each.bidder)
    .integer(each.price)
    .integer(each.date_time)
    .text(each.extra);
};

} // namespace

/// Pass through: every bid.
void compose_q0(const query_context& context) {
  auto bids = context.events.flat_map(pass);
  bids.uid("bids").name("bids");
  context.finish(bids, "auction,bidder,price,dateTime,extra", write);
}

} // namespace nexmark
