#include <algorithm>
#include <vector>

#include "apps/nexmark/queries/combiner.hpp"
#include "apps/nexmark/query.hpp"

namespace nexmark {

namespace {

constexpr flow::timestamp gap_ms = 10'000;

/// Bids of one bidder with less than the gap between neighbours, or just it.
struct session {
  flow::timestamp first = 0;
  flow::timestamp last = 0;
  std::int64_t bids = 0;

  [[nodiscard]] flow::timestamp end() const { return last + gap_ms; }

  [[nodiscard]] bool touches(const session& other) const {
    return first <= other.end() && other.first <= end();
  }

  void merge(const session& other) {
    first = std::min(first, other.first);
    last = std::max(last, other.last);
    bids += other.bids;
  }
};

struct bidder_session {
  std::int64_t bidder = 0;
  session bids;
};

struct row {
  std::int64_t bidder = 0;
  std::int64_t bid_count = 0;
  flow::timestamp start = 0;
  flow::timestamp end = 0;
};

/// Joins a few bids of each bidder, before they are sent on.
class combine {
public:
  void operator()(const event& each, flow::collector<bidder_session>& out) {
    const auto* offer = std::get_if<bid>(&each);
    if (offer == nullptr)
      return;
    const session one{offer->date_time, offer->date_time, 1};
    auto& found = sessions_.find(offer->bidder, {});
    if (found.bids > 0 && !found.touches(one)) {
      out.emit(bidder_session{offer->bidder, found});
      found = {};
    }
    if (found.bids == 0)
      found = one;
    else
      found.merge(one);
  }

  void end_batch(flow::collector<bidder_session>& out) {
    sessions_.drain([&](std::int64_t bidder, const session& bids) {
      out.emit(bidder_session{bidder, bids});
    });
  }

private:
  combiner<std::int64_t, session> sessions_;
};

/// The open sessions of one bidder: seldom more than one.
struct open_sessions {
  session newest;
  std::vector<session> others;
};

/// Keeps one timer for each session and looks, when it fires, whether the
/// session has grown: cheaper than to move it with every bid.
class count_sessions {
public:
  void open(flow::keyed_runtime_context<std::int64_t>& context) {
    open_ =
      context.state(flow::value_state_descriptor<open_sessions>{"sessions"});
  }

  void process(const bidder_session& each,
               flow::keyed_context<std::int64_t>& context,
               flow::collector<row>&) {
    bool fresh = false;
    open_.update([&](open_sessions& now) {
      if (now.others.empty() && now.newest.bids > 0
          && now.newest.touches(each.bids))
        now.newest.merge(each.bids);
      else
        fresh = add(each.bids, now);
    });
    if (fresh)
      context.register_event_timer(each.bids.end() - 1);
  }

  void on_timer(flow::timestamp time,
                flow::timer_context<std::int64_t>& context,
                flow::collector<row>& out) {
    open_sessions now = open_.value();
    auto all = std::move(now.others);
    if (now.newest.bids > 0)
      all.push_back(now.newest);
    now = {};
    for (const session& each : all)
      if (each.end() - 1 <= time) {
        out.emit({context.key(), each.bids, each.first, each.end()},
                 each.end() - 1);
      } else {
        context.register_event_timer(each.end() - 1);
        if (now.newest.bids > 0)
          now.others.push_back(std::exchange(now.newest, each));
        else
          now.newest = each;
      }
    if (now.newest.bids > 0)
      open_.set(now);
    else
      open_.clear();
  }

private:
  /// Merges all that touch; the result is the newest.
  /// @return whether it touched none
  static bool add(session added, open_sessions& to) {
    if (to.newest.bids > 0)
      to.others.push_back(to.newest);
    const auto before = to.others.size();
    // What grows may touch others that it did not before.
    for (bool grown = true; grown;) {
      grown = false;
      std::erase_if(to.others, [&](const session& each) {
        if (!each.touches(added))
          return false;
        added.merge(each);
        return grown = true;
      });
    }
    to.newest = added;
    return to.others.size() == before;
  }

  flow::value_state<open_sessions> open_;
};

constexpr auto write = [](const row& each, flow::csv_writer& to) {
  to.integer(each.bidder)
    .integer(each.bid_count)
    .integer(each.start)
    .integer(each.end);
};

} // namespace

/// User sessions: each bidder's bids between pauses of over ten seconds.
void compose_q11(const query_context& context) {
  auto partials = context.timed_events().flat_map<bidder_session>(combine{});
  partials.uid("partials").name("sessions of a few bids");
  auto sessions =
    partials.key_by(&bidder_session::bidder).process<row>(count_sessions{});
  sessions.uid("sessions").name("sessions");
  context.finish(sessions, "bidder,bid_count,starttime,endtime", write);
}

} // namespace nexmark
