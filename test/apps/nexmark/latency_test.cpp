#include "apps/nexmark/latency.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace nexmark {
namespace {

using clock = latencies::clock;
using std::chrono::microseconds;

TEST_CASE("the age of a row counts from when its time or a later was read") {
  constexpr std::size_t count = 150;
  constexpr microseconds apart{5}; // more than an age is rounded by
  latencies took;
  std::vector<clock::time_point> before;
  std::vector<clock::time_point> after;
  for (std::size_t i = 0; i < count; ++i) {
    before.push_back(clock::now());
    took.read(static_cast<flow::timestamp>(10 * i));
    took.read(static_cast<flow::timestamp>(10 * i) - 15); // not newer
    after.push_back(clock::now());
    while (clock::now() < after.back() + apart) {
    }
  }
  const auto now = clock::now();
  constexpr flow::timestamp latest = 10 * (count - 1);
  for (flow::timestamp time = -3; time <= latest; ++time) {
    CAPTURE(time);
    const auto at = static_cast<std::size_t>(time <= 0 ? 0 : (time + 9) / 10);
    const auto age = took.age(time, now);
    REQUIRE(age.has_value());
    CHECK(*age <= now - before[at]);
    CHECK(*age + microseconds{1} >= now - after[at]);
  }
  CHECK_FALSE(took.age(latest + 1, now).has_value());
  CHECK_FALSE(took.age(flow::min_timestamp, now).has_value());
  CHECK_FALSE(latencies{}.age(0, now).has_value());
}

} // namespace
} // namespace nexmark
