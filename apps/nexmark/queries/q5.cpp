#include <algorithm>
#include <map>

#include "apps/nexmark/queries/combiner.hpp"
#include "apps/nexmark/queries/windows.hpp"
#include "apps/nexmark/query.hpp"

namespace nexmark {

namespace {

constexpr flow::timestamp slide_ms = 2000;

/// Some bids on an auction, all in one slide.
struct partial {
  std::int64_t auction = 0;
  std::int64_t bids = 0;
};

/// The bids on an auction in one window.
struct row {
  flow::timestamp window_start = 0;
  flow::timestamp window_end = 0;
  std::int64_t auction = 0;
  std::int64_t num = 0;
};

/// Counts a few bids per auction, before they are sent on.
class combine {
public:
  void operator()(const event& each, flow::collector<partial>&) {
    if (const auto* offer = std::get_if<bid>(&each))
      ++counts_.find({offer->auction, window_start(offer->date_time, slide_ms)},
                     0);
  }

  void end_batch(flow::collector<partial>& out) {
    counts_.drain([&](const auction_slide& key, std::int64_t count) {
      out.emit(partial{key.auction, count}, key.start);
    });
  }

private:
  struct auction_slide {
    std::int64_t auction = 0;
    flow::timestamp start = 0;

    friend bool operator==(const auction_slide&,
                           const auction_slide&) = default;
  };

  combiner<auction_slide, std::int64_t> counts_;
};

struct count_bids {
  using accumulator = std::int64_t;

  void add(accumulator& sum, const partial& each) const { sum += each.bids; }
  void merge(accumulator& sum, const accumulator& other) const { sum += other; }
  void retract(accumulator& sum, const accumulator& other) const {
    sum -= other;
  }
  std::int64_t result(const accumulator& sum) const { return sum; }
};

constexpr auto emit = [](const flow::window_context<std::int64_t>& context,
                         std::int64_t count, flow::collector<row>& out) {
  const auto window = context.window();
  out.emit({window.start, window.end, context.key(), count});
};

/// Drops counts below the highest that was seen of their window, here.
class drop_lower {
public:
  void operator()(const row& each, flow::collector<row>& out) {
    if (highest_.size() == remembered && !highest_.contains(each.window_end))
      highest_.erase(highest_.begin());
    auto& highest = highest_[each.window_end];
    if (each.num < highest)
      return;
    highest = each.num;
    out.emit(each);
  }

private:
  static constexpr std::size_t remembered = 64;

  std::map<flow::timestamp, std::int64_t> highest_; ///< by the window's end
};

constexpr auto keep_highest = [](const flow::window_context<flow::timestamp>&,
                                 std::span<const row> counts,
                                 flow::collector<row>& out) {
  std::int64_t highest = 0;
  for (const row& each : counts)
    highest = std::max(highest, each.num);
  for (const row& each : counts)
    if (each.num == highest)
      out.emit(each);
};

constexpr auto write = [](const row& each, flow::csv_writer& to) {
  to.integer(each.window_start)
    .integer(each.window_end)
    .integer(each.auction)
    .integer(each.num);
};

} // namespace

/// Hot items: the auctions with most bids in the last ten seconds, every two.
void compose_q5(const query_context& context) {
  auto partials = context.timed_events().flat_map<partial>(combine{});
  partials.uid("partials").name("count a few bids");
  auto counts = partials.key_by(&partial::auction)
                  .window(flow::sliding_event_time{flow::duration_ms{window_ms},
                                                   flow::duration_ms{slide_ms}})
                  .aggregate<row>(count_bids{}, emit);
  counts.uid("counts").name("count bids");
  auto candidates = counts.flat_map<row>(drop_lower{});
  candidates.uid("candidates").name("counts that may be the highest");
  // Results carry their window's last time, so those of one window meet.
  auto hottest =
    candidates.key_by(&row::window_end)
      .window(flow::tumbling_event_time{flow::duration_ms{slide_ms}})
      .process<row>(keep_highest);
  hottest.uid("hottest").name("highest of each window");
  context.finish(hottest, "window_start,window_end,auction,num", write);
}

} // namespace nexmark
