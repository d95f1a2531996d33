#include "apps/nexmark/queries/currency.hpp"
#include "apps/nexmark/queries/lent.hpp"
#include "apps/nexmark/query.hpp"

namespace nexmark {

namespace {

struct row {
  std::int64_t auction = 0;
  std::int64_t bidder = 0;
  std::int64_t price = 0; ///< thousandths of a euro cent
  flow::timestamp date_time = 0;
  flow::text extra;
};

constexpr auto convert = [](const event& each, flow::collector<row>& out) {
  if (const bid* offer = std::get_if<bid>(&each))
    out.emit(row{offer->auction, offer->bidder, to_euro(offer->price),
                 offer->date_time, lent(offer->extra)});
};

constexpr auto write = [](const row& each, flow::csv_writer& to) {
  to.integer(each.auction)
    .integer(each.bidder)
    .decimal(each.price, euro_places)
    .integer(each.date_time)
    .text(each.extra);
};

} // namespace

/// Currency conversion: every bid with its price in euros.
void compose_q1(const query_context& context) {
  auto bids = context.events.flat_map(convert);
  bids.uid("bids").name("bids in euros");
  context.finish(bids, "auction,bidder,price,dateTime,extra", write);
}

} // namespace nexmark
