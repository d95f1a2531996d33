#include <vector>

#include "apps/nexmark/queries/calendar.hpp"
#include "apps/nexmark/queries/combiner.hpp"
#include "apps/nexmark/queries/day_totals.hpp"
#include "apps/nexmark/query.hpp"

namespace nexmark {

namespace {

enum class thing : std::uint8_t {
  bids, ///< counted, not told apart
  bidder,
  auction,
};

/// A bidder or an auction of one day.
struct thing_of_day {
  std::int64_t day = 0;
  std::int64_t id = 0;
  thing kind = thing::bids;

  friend bool operator==(const thing_of_day&, const thing_of_day&) = default;
};

/// Bids of a day, or the ranks that bids of a bidder or auction had.
struct sighting {
  thing_of_day what;
  rank_set ranks = 0; ///< of a bidder or auction
  rank_counts bids;
};

struct day_change {
  std::int64_t day = 0;
  day_totals totals;
};

struct row {
  std::int64_t day = 0;
  day_totals totals;
};

/// Adds up a few bids, and leaves out sightings that it remembers: a set does
/// not grow by what it has. What is forgotten is told again.
class look {
public:
  look() : seen_(remembered) {}

  void operator()(const event& each, flow::collector<sighting>&) {
    const auto* offer = std::get_if<bid>(&each);
    if (offer == nullptr)
      return;
    const auto day = day_of(offer->date_time);
    const auto ranks = static_cast<rank_set>(1U << rank_of(offer->price));
    sightings_.find({day, 0, thing::bids}, {}).bids += count_of(offer->price);
    note({day, offer->bidder, thing::bidder}, ranks);
    note({day, offer->auction, thing::auction}, ranks);
  }

  void end_batch(flow::collector<sighting>& out) {
    sightings_.drain([&](const thing_of_day& what, const news& told) {
      out.emit(sighting{what, told.ranks, told.bids});
    });
    for (const sighting& each : more_)
      out.emit(each);
    more_.clear();
  }

private:
  static constexpr std::size_t remembered = 1 << 13;

  struct news {
    rank_set ranks = 0;
    rank_counts bids;
  };
  struct seen {
    thing_of_day what;
    rank_set ranks = 0;
  };

  void note(const thing_of_day& what, rank_set ranks) {
    auto& place = seen_[(static_cast<std::uint64_t>(what.id) * 2
                         + (what.kind == thing::auction ? 1 : 0))
                        % remembered];
    if (place.what != what)
      place = {what, 0};
    if ((place.ranks & ranks) != 0)
      return;
    place.ranks |= ranks;
    more_.push_back({what, ranks, {}});
  }

  combiner<thing_of_day, news> sightings_; ///< bids by day
  std::vector<sighting> more_;
  std::vector<seen> seen_;
};

/// Finds out what is new of a sighting; adds up what it tells of a day.
class tell_apart {
public:
  void open(flow::keyed_runtime_context<thing_of_day>& context) {
    ranks_ = context.state(flow::value_state_descriptor<rank_set>{"ranks"});
  }

  void process(const sighting& each, flow::keyed_context<thing_of_day>&,
               flow::collector<day_change>& out) {
    if (each.what.kind == thing::bids) {
      out.emit({each.what.day, {each.bids, {}, {}}});
      return;
    }
    const rank_set before = ranks_.value();
    const auto now = static_cast<rank_set>(before | each.ranks);
    if (now == before)
      return;
    ranks_.set(now);
    const rank_counts fresh = added(before, now);
    out.emit(each.what.kind == thing::bidder
               ? day_change{each.what.day, {{}, fresh, {}}}
               : day_change{each.what.day, {{}, {}, fresh}});
  }

private:
  flow::value_state<rank_set> ranks_;
};

class add_up {
public:
  void open(flow::keyed_runtime_context<std::int64_t>& context) {
    totals_ = context.state(flow::value_state_descriptor<day_totals>{"totals"});
  }

  void process(const day_change& each, flow::keyed_context<std::int64_t>&,
               flow::collector<changed<row>>& out) {
    auto op = change::insert;
    if (totals_.has_value()) {
      out.emit({change::update_before, {each.day, totals_.value()}});
      op = change::update_after;
    }
    totals_.update([&](day_totals& now) { now += each.totals; });
    out.emit({op, {each.day, totals_.value()}});
  }

private:
  flow::value_state<day_totals> totals_;
};

constexpr auto write = [](const row& each, flow::csv_writer& to) {
  to.text(date_text(each.day));
  write_totals(each.totals, to);
};

} // namespace

/// Statistics of the bids of each day.
void compose_q15(const query_context& context) {
  auto sightings = context.events.flat_map<sighting>(look{});
  sightings.uid("sightings").name("bidders and auctions of a few bids");
  auto changes =
    sightings.key_by(&sighting::what).process<day_change>(tell_apart{});
  changes.uid("distinct").name("tell bidders and auctions apart");
  auto totals =
    changes.key_by(&day_change::day).process<changed<row>>(add_up{});
  totals.uid("totals").name("add up per day");
  context.finish(totals, "day," + std::string{total_columns}, write);
}

} // namespace nexmark
