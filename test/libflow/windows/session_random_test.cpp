#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <sstream>
#include <vector>

#include "libflow/flow.hpp"
#include "libflow/testing.hpp"
#include "test/libflow/windows/readings.hpp"
#include "test/support/test_seed.hpp"

namespace session_random_test {

using namespace flow;
using namespace flow::test;

namespace {

constexpr int cases = 2'000;

struct session {
  std::int64_t key = 0;
  timestamp start = 0;
  timestamp end = 0;
  std::int64_t sum = 0;

  friend auto operator<=>(const session&, const session&) = default;
  friend std::ostream& operator<<(std::ostream& out, const session& s) {
    return out << s.key << '[' << s.start << ',' << s.end << ")=" << s.sum;
  }
};

/// Sessions as unions of intervals: what is not yet closed of each key.
class model {
public:
  explicit model(timestamp gap) : gap_(gap) {}

  void add(const reading& each, timestamp at) {
    session grown{each.key, at, at + gap_, each.value};
    auto& open = open_[each.key];
    std::vector<session> rest;
    for (const session& other : open)
      if (other.start <= grown.end && grown.start <= other.end)
        grown = {each.key, std::min(grown.start, other.start),
                 std::max(grown.end, other.end), grown.sum + other.sum};
      else
        rest.push_back(other);
    if (grown.end - 1 <= mark_) {
      ++late; // alone, and its session has closed
      return;
    }
    rest.push_back(grown);
    open = std::move(rest);
  }

  void advance(timestamp mark) {
    mark_ = mark;
    for (auto& [key, open] : open_)
      std::erase_if(open, [&](const session& each) {
        if (each.end - 1 > mark)
          return false;
        out.push_back(each);
        return true;
      });
  }

  std::vector<session> out;
  std::size_t late = 0;

private:
  timestamp gap_;
  timestamp mark_ = min_timestamp;
  std::map<std::int64_t, std::vector<session>> open_;
};

auto harness(timestamp gap, testing::harness_options options = {}) {
  return testing::harness_of<reading>(
    [&](auto in) {
      return in.key_by(&reading::key)
        .window(session_event_time(duration_ms{gap}))
        .aggregate(sum{},
                   [](const window_context<std::int64_t>& context,
                      const std::int64_t& total, collector<session>& out) {
                     out.emit({context.key(), context.window().start,
                               context.window().end, total});
                   });
    },
    options);
}

std::string text_of(std::vector<session> some) {
  std::ranges::sort(some);
  std::ostringstream out;
  for (const session& each : some)
    out << each << ' ';
  return out.str();
}

} // namespace

TEST_CASE("sessions are unions of intervals, also with a new instance between "
          "any two steps") {
  std::mt19937_64 random{test_seed()};
  auto below = [&](std::int64_t n) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
  };
  testing::harness_options slow;
  slow.refuse_every_second = true;
  for (int i = 0; i < cases; ++i) {
    const timestamp gap = 1 + below(20);
    model plain{gap};
    auto sessions = harness(gap);
    auto restarted = harness(gap, slow);
    timestamp now = below(100) - 50;
    timestamp mark = min_timestamp;
    std::uint64_t dropped = 0; // by instances that are gone
    auto both = [&](auto&& step) {
      REQUIRE(step(sessions));
      if (below(6) == 0) {
        const auto taken = restarted.snapshot();
        REQUIRE(taken);
        auto emitted = restarted.values();
        REQUIRE(emitted.empty());
        dropped += restarted.counts().late_dropped;
        REQUIRE(restarted.restore({&*taken, 1}, [&] {
          if (mark != min_timestamp)
            static_cast<void>(restarted.watermark(mark));
        }));
        static_cast<void>(restarted.take());
      }
      REQUIRE(step(restarted));
    };
    for (int n = 0; n < 40; ++n) {
      if (below(4) != 0) {
        const reading each{below(3), below(100)};
        const timestamp at = now - below(25);
        plain.add(each, at);
        both([&](auto& to) { return to.push(each, at); });
        now += below(6);
      } else {
        const timestamp next = std::max(mark + 1, now - 8 - below(20));
        plain.advance(next);
        both([&](auto& to) { return to.watermark(next); });
        mark = next;
      }
      const auto wanted = text_of(std::exchange(plain.out, {}));
      REQUIRE(text_of(sessions.values()) == wanted);
      REQUIRE(text_of(restarted.values()) == wanted);
    }
    plain.advance(max_timestamp);
    both([&](auto& to) { return to.watermark(max_timestamp); });
    const auto wanted = text_of(plain.out);
    REQUIRE(text_of(sessions.values()) == wanted);
    REQUIRE(text_of(restarted.values()) == wanted);
    REQUIRE(sessions.counts().late_dropped == plain.late);
    REQUIRE(restarted.counts().late_dropped + dropped == plain.late);
  }
}

} // namespace session_random_test
