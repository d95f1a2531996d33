#include <algorithm>
#include <map>

#include "apps/nexmark/queries/lent.hpp"
#include "apps/nexmark/queries/windows.hpp"
#include "apps/nexmark/query.hpp"

namespace nexmark {

namespace {

/// A bid that may be among the highest of a window.
struct candidate {
  flow::timestamp window_end = 0;
  /// The bid stands on the window's end: it is compared with the window's
  /// highest price and does not make it.
  bool on_end = false;
  std::int64_t auction = 0;
  std::int64_t bidder = 0;
  std::int64_t price = 0;
  flow::timestamp date_time = 0;
  flow::text extra;
};

struct row {
  std::int64_t auction = 0;
  std::int64_t bidder = 0;
  std::int64_t price = 0;
  flow::timestamp date_time = 0;
  flow::text extra;
};

candidate candidate_of(const bid& offer, flow::timestamp window_end) {
  return {window_end,       window_end == offer.date_time,
          offer.auction,    offer.bidder,
          offer.price,      offer.date_time,
          lent(offer.extra)};
}

/// Drops bids below the highest that was seen in their window, here. Remembers
/// the last windows; what it has forgotten it lets through.
class drop_lower {
public:
  void operator()(const event& each, flow::collector<candidate>& out) {
    const auto* offer = std::get_if<bid>(&each);
    if (offer == nullptr)
      return;
    const auto start = window_start(offer->date_time, window_ms);
    auto& highest = highest_of(start + window_ms);
    if (offer->price >= highest) {
      highest = offer->price;
      out.emit(candidate_of(*offer, start + window_ms));
    }
    if (start == offer->date_time) {
      const auto before = highest_.find(start);
      if (before == highest_.end() || offer->price >= before->second)
        out.emit(candidate_of(*offer, start), start - 1);
    }
  }

private:
  static constexpr std::size_t remembered = 64;

  std::int64_t& highest_of(flow::timestamp end) {
    if (last_ == nullptr || last_end_ != end) {
      if (highest_.size() == remembered)
        highest_.erase(highest_.begin());
      last_ = &highest_.try_emplace(end, INT64_MIN).first->second;
      last_end_ = end;
    }
    return *last_;
  }

  std::map<flow::timestamp, std::int64_t> highest_; ///< by the window's end
  std::int64_t* last_ = nullptr;                    ///< in it
  flow::timestamp last_end_ = 0;
};

constexpr auto keep_highest = [](const flow::window_context<flow::timestamp>&,
                                 std::span<const candidate> candidates,
                                 flow::collector<row>& out) {
  std::int64_t highest = INT64_MIN;
  for (const candidate& each : candidates)
    if (!each.on_end)
      highest = std::max(highest, each.price);
  for (const candidate& each : candidates)
    if (each.price == highest)
      out.emit(row{each.auction, each.bidder, each.price, each.date_time,
                   lent(each.extra)});
};

constexpr auto write = [](const row& each, flow::csv_writer& to) {
  to.integer(each.auction)
    .integer(each.bidder)
    .integer(each.price)
    .integer(each.date_time)
    .text(each.extra);
};

} // namespace

/// Highest bids of each window of ten seconds.
void compose_q7(const query_context& context) {
  // A bid on a window's end goes to that window with the time before it.
  auto candidates = context.timed_events(flow::duration_ms{1})
                      .flat_map<candidate>(drop_lower{});
  candidates.uid("candidates").name("bids that may be the highest");
  auto highest =
    candidates.key_by(&candidate::window_end)
      .window(flow::tumbling_event_time(flow::duration_ms{window_ms}))
      .process<row>(keep_highest);
  highest.uid("highest").name("highest of each window");
  context.finish(highest, "auction,bidder,price,dateTime,extra", write);
}

} // namespace nexmark
