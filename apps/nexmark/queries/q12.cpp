#include "apps/nexmark/queries/combiner.hpp"
#include "apps/nexmark/queries/windows.hpp"
#include "apps/nexmark/query.hpp"

namespace nexmark {

namespace {

/// Some bids of one bidder.
struct partial {
  std::int64_t bidder = 0;
  std::int64_t bids = 0;
};

struct row {
  std::int64_t bidder = 0;
  std::int64_t bid_count = 0;
  flow::timestamp start = 0;
  flow::timestamp end = 0;
};

/// Counts a few bids per bidder, before they are sent on.
class combine {
public:
  void operator()(const event& each, flow::collector<partial>&) {
    if (const auto* offer = std::get_if<bid>(&each))
      ++counts_.find(offer->bidder, 0);
  }

  void end_batch(flow::collector<partial>& out) {
    counts_.drain([&](std::int64_t bidder, std::int64_t count) {
      out.emit(partial{bidder, count});
    });
  }

private:
  combiner<std::int64_t, std::int64_t> counts_;
};

struct open_window {
  flow::timestamp start = 0;
  std::int64_t bids = 0;
};

class count_bids {
public:
  void open(flow::keyed_runtime_context<std::int64_t>& context) {
    window_ =
      context.state(flow::value_state_descriptor<open_window>{"window"});
  }

  void process(const partial& each, flow::keyed_context<std::int64_t>& context,
               flow::collector<row>& out) {
    const auto start = window_start(context.processing_time(), window_ms);
    const open_window now = window_.value();
    if (now.bids > 0 && now.start == start) {
      window_.set({start, now.bids + each.bids});
      return;
    }
    // The clock is ahead of a timer that is about to fire.
    if (now.bids > 0)
      emit(context.key(), now, out);
    window_.set({start, each.bids});
    context.register_processing_timer(start + window_ms - 1);
    // A bounded source ends: so do all windows.
    context.register_event_timer(flow::max_timestamp);
  }

  void on_timer(flow::timestamp time,
                flow::timer_context<std::int64_t>& context,
                flow::collector<row>& out) {
    const open_window now = window_.value();
    if (now.bids == 0 || now.start + window_ms - 1 > time)
      return;
    emit(context.key(), now, out);
    window_.clear();
  }

private:
  static void emit(std::int64_t bidder, const open_window& window,
                   flow::collector<row>& out) {
    out.emit(row{bidder, window.bids, window.start, window.start + window_ms});
  }

  flow::value_state<open_window> window_;
};

constexpr auto write = [](const row& each, flow::csv_writer& to) {
  to.integer(each.bidder)
    .integer(each.bid_count)
    .integer(each.start)
    .integer(each.end);
};

} // namespace

/// Bids of each bidder in windows of ten seconds by the clock.
void compose_q12(const query_context& context) {
  auto partials = context.events.flat_map<partial>(combine{});
  partials.uid("partials").name("count a few bids");
  auto counts = partials.key_by(&partial::bidder).process<row>(count_bids{});
  counts.uid("counts").name("count bids");
  context.finish(counts, "bidder,bid_count,starttime,endtime", write);
}

} // namespace nexmark
