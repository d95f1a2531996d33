#include <algorithm>

#include "apps/nexmark/queries/calendar.hpp"
#include "apps/nexmark/queries/day_totals.hpp"
#include "apps/nexmark/queries/lent.hpp"
#include "apps/nexmark/query.hpp"

namespace nexmark {

namespace {

struct channel_day {
  flow::text channel;
  std::int64_t day = 0;

  friend bool operator==(const channel_day&, const channel_day&) = default;
};

/// What is counted of a bid.
struct facts {
  channel_day key;
  std::int64_t minute = 0;
  std::int64_t auction = 0;
  std::int64_t bidder = 0;
  std::int64_t price = 0;
};

struct channel_totals {
  std::int64_t minute = 0; ///< the latest
  day_totals totals;
};

struct row {
  channel_day key;
  channel_totals all;
};

constexpr auto select = [](const event& each, flow::collector<facts>& out) {
  if (const auto* offer = std::get_if<bid>(&each))
    out.emit(facts{{lent(offer->channel), day_of(offer->date_time)},
                   minute_of(offer->date_time),
                   offer->auction,
                   offer->bidder,
                   offer->price});
};

class add_up {
public:
  void open(flow::keyed_runtime_context<channel_day>& context) {
    totals_ =
      context.state(flow::value_state_descriptor<channel_totals>{"totals"});
    bidders_ = context.state(ranks_by_id{"bidders"});
    auctions_ = context.state(ranks_by_id{"auctions"});
  }

  void process(const facts& each, flow::keyed_context<channel_day>&,
               flow::collector<changed<row>>& out) {
    const auto rank = static_cast<rank_set>(1U << rank_of(each.price));
    const rank_counts bidders = note(bidders_, each.bidder, rank);
    const rank_counts auctions = note(auctions_, each.auction, rank);
    const bool known = totals_.has_value();
    if (known)
      out.emit({change::update_before, row_of(each.key)});
    totals_.update([&](channel_totals& now) {
      now.minute = std::max(now.minute, each.minute);
      now.totals += {count_of(each.price), bidders, auctions};
    });
    out.emit({known ? change::update_after : change::insert, row_of(each.key)});
  }

private:
  using ranks_by_id = flow::map_state_descriptor<std::int64_t, rank_set>;

  static rank_counts note(flow::map_state<std::int64_t, rank_set>& in,
                          std::int64_t id, rank_set rank) {
    const rank_set* found = in.find(id);
    const rank_set before = found != nullptr ? *found : rank_set{0};
    const auto now = static_cast<rank_set>(before | rank);
    if (now != before)
      in.put(id, now);
    return added(before, now);
  }

  row row_of(const channel_day& key) const {
    return {{lent(key.channel), key.day}, totals_.value()};
  }

  flow::value_state<channel_totals> totals_;
  flow::map_state<std::int64_t, rank_set> bidders_;
  flow::map_state<std::int64_t, rank_set> auctions_;
};

constexpr auto write = [](const row& each, flow::csv_writer& to) {
  to.text(each.key.channel)
    .text(date_text(each.key.day))
    .text(minute_text(each.all.minute));
  write_totals(each.all.totals, to);
};

} // namespace

/// Statistics of the bids of each channel and day.
void compose_q16(const query_context& context) {
  auto bids = context.events.flat_map<facts>(select);
  bids.uid("bids").name("bids");
  auto totals = bids.key_by(&facts::key).process<changed<row>>(add_up{});
  totals.uid("totals").name("add up per channel and day");
  context.finish(totals, "channel,day,minute," + std::string{total_columns},
                 write);
}

} // namespace nexmark
