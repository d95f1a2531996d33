#include <algorithm>

#include "apps/nexmark/queries/currency.hpp"
#include "apps/nexmark/queries/lent.hpp"
#include "apps/nexmark/queries/time_type.hpp"
#include "apps/nexmark/query.hpp"

namespace nexmark {

namespace {

struct row {
  std::int64_t auction = 0;
  std::int64_t bidder = 0;
  std::int64_t price = 0; ///< thousandths of a euro cent
  time_type type = time_type::other;
  flow::timestamp date_time = 0;
  flow::text extra;
  std::int64_t c_counts = 0;
};

constexpr auto calculate = [](const event& each, flow::collector<row>& out) {
  const bid* offer = std::get_if<bid>(&each);
  if (offer == nullptr)
    return;
  const std::int64_t price = to_euro(offer->price);
  if (price <= 1'000'000'000 || price >= 50'000'000'000)
    return;
  const auto extra = offer->extra.view();
  out.emit(row{offer->auction, offer->bidder, price, type_of(offer->date_time),
               offer->date_time, lent(extra),
               std::count(extra.begin(), extra.end(), 'c')});
};

constexpr auto write = [](const row& each, flow::csv_writer& to) {
  to.integer(each.auction)
    .integer(each.bidder)
    .decimal(each.price, euro_places)
    .text(name_of(each.type))
    .integer(each.date_time)
    .text(each.extra)
    .integer(each.c_counts);
};

} // namespace

/// Calculation: bids in a range of prices, with the time of day and a count of
/// letters.
void compose_q14(const query_context& context) {
  auto bids = context.events.flat_map(calculate);
  bids.uid("bids").name("calculated bids");
  context.finish(
    bids, "auction,bidder,price,bidTimeType,dateTime,extra,c_counts", write);
}

} // namespace nexmark
