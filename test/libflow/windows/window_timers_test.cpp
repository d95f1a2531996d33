#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <sstream>
#include <typeinfo>
#include <utility>
#include <vector>

#include "libflow/flow.hpp"
#include "libflow/testing.hpp"
#include "test/libflow/windows/readings.hpp"
#include "test/support/test_seed.hpp"

namespace window_timers_test {

using namespace flow;
using namespace flow::test;

// Windows over slices and sessions of a key together count the timers that the
// same windows register where they run one by one.

namespace {

constexpr int cases = 2'000;
constexpr std::int64_t keys = 4;

using harness = testing::operator_harness<std::int64_t>;

enum class run { shared, one_by_one };

template <class Function, class Windows>
harness harness_of(const Windows& windows, duration_ms lateness, run how) {
  const auto summed = [&](auto windowed) {
    windowed.allowed_lateness(lateness);
    return windowed.aggregate(Function{});
  };
  return testing::harness_of<reading>([&](auto in) {
    auto windowed = in.key_by(&reading::key).window(windows);
    // The default trigger, said aloud, is one of the author's.
    return how == run::shared ? summed(windowed)
                              : summed(windowed.trigger(event_time_trigger()));
  });
}

struct step {
  enum class kind { record, watermark, renewal };
  kind what = kind::record;
  std::int64_t key = 0;
  timestamp at = 0; // or the watermark
};

class script {
public:
  explicit script(std::mt19937_64& random) : random_(&random) {
    size_ = 1 + below(40);
    slide_ = 1 + below(15);
    lateness_ = lateness();
    timestamp now = below(200) - 100;
    timestamp mark = min_timestamp;
    for (int i = 0; i < 40; ++i) {
      now += below(6) + (below(25) == 0 ? below(100) : 0);
      if (below(12) == 0)
        steps_.push_back({step::kind::renewal, 0, 0});
      else if (below(4) != 0)
        steps_.push_back({step::kind::record, below(keys), now - below(40)});
      else if (now - 20 > mark)
        steps_.push_back({step::kind::watermark, 0, mark = now - 20});
    }
    steps_.push_back({step::kind::watermark, 0, max_timestamp});
  }

  [[nodiscard]] duration_ms size() const { return duration_ms{size_}; }
  [[nodiscard]] duration_ms slide() const { return duration_ms{slide_}; }
  [[nodiscard]] duration_ms offset_within(duration_ms of) const {
    return duration_ms{size_ * 7 % of.count()};
  }
  [[nodiscard]] duration_ms allowed_lateness() const {
    return duration_ms{lateness_};
  }
  [[nodiscard]] const std::vector<step>& steps() const { return steps_; }

  [[nodiscard]] std::string text() const {
    std::ostringstream out;
    out << size_ << " by " << slide_ << ", lateness " << lateness_ << ':';
    for (const step& each : steps_)
      if (each.what == step::kind::record)
        out << " (" << each.key << " @" << each.at << ')';
      else if (each.what == step::kind::watermark)
        out << " W" << each.at;
      else
        out << " R";
    return out.str();
  }

private:
  std::int64_t below(std::int64_t n) {
    return static_cast<std::int64_t>((*random_)()
                                     % static_cast<std::uint64_t>(n));
  }
  /// At times so much that windows never close.
  std::int64_t lateness() {
    const auto kind = below(8);
    if (kind == 0)
      return max_timestamp;
    return kind < 4 ? 0 : below(50);
  }

  std::mt19937_64* random_;
  std::int64_t size_ = 1;
  std::int64_t slide_ = 1;
  std::int64_t lateness_ = 0;
  std::vector<step> steps_;
};

void play(harness& on, const step& each, timestamp mark) {
  switch (each.what) {
  case step::kind::record:
    REQUIRE(on.push(reading{each.key, 1}, each.at));
    break;
  case step::kind::watermark:
    REQUIRE(on.watermark(each.at));
    break;
  case step::kind::renewal: {
    const auto taken = on.snapshot();
    REQUIRE(taken);
    REQUIRE(on.restore(*taken));
    if (mark != min_timestamp)
      REQUIRE(on.watermark(mark));
  }
  }
  static_cast<void>(on.take());
}

template <class Function, class Windows>
void compare(const script& of, const Windows& windows) {
  auto shared =
    harness_of<Function>(windows, of.allowed_lateness(), run::shared);
  auto one_by_one =
    harness_of<Function>(windows, of.allowed_lateness(), run::one_by_one);
  REQUIRE(typeid(shared.op()) != typeid(one_by_one.op()));
  timestamp mark = min_timestamp;
  for (std::size_t i = 0; i < of.steps().size(); ++i) {
    CAPTURE(i);
    play(shared, of.steps()[i], mark);
    play(one_by_one, of.steps()[i], mark);
    if (of.steps()[i].what == step::kind::watermark)
      mark = of.steps()[i].at;
    REQUIRE(shared.timers() == one_by_one.timers());
    for (std::int64_t key = 0; key <= keys; ++key)
      REQUIRE(shared.timers(key) == one_by_one.timers(key));
  }
}

template <class Compare>
void compare_random(Compare compare) {
  std::mt19937_64 random{test_seed()};
  for (int i = 0; i < cases; ++i) {
    const script of{random};
    CAPTURE(of.text());
    compare(of);
  }
}

} // namespace

TEST_CASE("tumbling windows over slices count the timers they would have") {
  compare_random([](const script& of) {
    compare<sum>(of,
                 tumbling_event_time(of.size(), of.offset_within(of.size())));
  });
}

TEST_CASE("sliding windows over slices count the timers they would have") {
  compare_random([](const script& of) {
    const sliding_event_time windows{of.size(), of.slide(),
                                     of.offset_within(of.slide())};
    compare<sum>(of, windows);
    compare<retractable_sum>(of, windows);
  });
}

TEST_CASE("sessions count the timers they would have") {
  compare_random(
    [](const script& of) { compare<sum>(of, session_event_time(of.size())); });
}

TEST_CASE("an instance has no timers of keys that others own") {
  testing::harness_options second;
  second.subtask_index = 1;
  second.parallelism = 2;
  auto windows = testing::harness_of<reading>(
    [](auto in) {
      return in.key_by(&reading::key)
        .window(sliding_event_time(duration_ms{10}, duration_ms{5}))
        .aggregate(sum{});
    },
    second);
  for (std::int64_t key = 0; key < 100; ++key)
    CHECK(windows.timers(key) == timer_counts{});
}

} // namespace window_timers_test
