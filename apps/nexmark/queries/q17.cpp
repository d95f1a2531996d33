#include <algorithm>

#include "apps/nexmark/queries/calendar.hpp"
#include "apps/nexmark/queries/combiner.hpp"
#include "apps/nexmark/queries/ranks.hpp"
#include "apps/nexmark/queries/sums.hpp"
#include "apps/nexmark/query.hpp"

namespace nexmark {

namespace {

struct auction_day {
  std::int64_t auction = 0;
  std::int64_t day = 0;

  friend bool operator==(const auction_day&, const auction_day&) = default;
};

struct statistics {
  rank_counts bids;
  std::int64_t min_price = 0;
  std::int64_t max_price = 0;
  std::int64_t sum_price = 0;

  void add(const statistics& other) {
    min_price =
      bids.total == 0 ? other.min_price : std::min(min_price, other.min_price);
    max_price =
      bids.total == 0 ? other.max_price : std::max(max_price, other.max_price);
    bids += other.bids;
    add_to(sum_price, other.sum_price);
  }
};

/// The statistics of some bids on one auction.
struct partial {
  auction_day key;
  statistics bids;
};

struct row {
  auction_day key;
  statistics bids;
};

/// Adds up the bids of a few records per auction, before they are sent on.
class combine {
public:
  void operator()(const event& each, flow::collector<partial>&) {
    if (const auto* offer = std::get_if<bid>(&each))
      partials_.find({offer->auction, day_of(offer->date_time)}, {})
        .add(
          {count_of(offer->price), offer->price, offer->price, offer->price});
  }

  void end_batch(flow::collector<partial>& out) {
    partials_.drain([&](const auction_day& key, const statistics& bids) {
      out.emit(partial{key, bids});
    });
  }

private:
  combiner<auction_day, statistics> partials_;
};

class add_up {
public:
  void open(flow::keyed_runtime_context<auction_day>& context) {
    bids_ = context.state(flow::value_state_descriptor<statistics>{"bids"});
  }

  void process(const partial& each, flow::keyed_context<auction_day>&,
               flow::collector<changed<row>>& out) {
    auto op = change::insert;
    if (bids_.has_value()) {
      out.emit({change::update_before, {each.key, bids_.value()}});
      op = change::update_after;
    }
    bids_.update([&](statistics& now) { now.add(each.bids); });
    out.emit({op, {each.key, bids_.value()}});
  }

private:
  flow::value_state<statistics> bids_;
};

constexpr auto write = [](const row& each, flow::csv_writer& to) {
  to.integer(each.key.auction)
    .text(date_text(each.key.day))
    .integer(each.bids.bids.total)
    .integer(each.bids.bids.rank1)
    .integer(each.bids.bids.rank2)
    .integer(each.bids.bids.rank3)
    .integer(each.bids.min_price)
    .integer(each.bids.max_price)
    .integer(each.bids.sum_price / each.bids.bids.total)
    .integer(each.bids.sum_price);
};

} // namespace

/// Statistics of the bids on each auction and day.
void compose_q17(const query_context& context) {
  auto partials = context.events.flat_map<partial>(combine{});
  partials.uid("partials").name("add up a few bids");
  auto totals = partials.key_by(&partial::key).process<changed<row>>(add_up{});
  totals.uid("totals").name("add up per auction and day");
  context.finish(totals,
                 "auction,day,total_bids,rank1_bids,rank2_bids,rank3_bids,"
                 "min_price,max_price,avg_price,sum_price",
                 write);
}

} // namespace nexmark
