#include "libflow/windows/tumbling.hpp"

#include <doctest/doctest.h>

#include <string>

namespace tumbling_test {

using namespace flow;

namespace {

timestamp start_of(timestamp at, std::int64_t size, std::int64_t offset) {
  return tumbling_windows::make(duration_ms{size}, duration_ms{offset})
    ->window_of(at)
    .start;
}

bool accepted(std::int64_t size, std::int64_t offset) {
  return tumbling_windows::make(duration_ms{size}, duration_ms{offset})
    .has_value();
}

} // namespace

TEST_CASE("a window starts at the multiple of its size at or before a time") {
  CHECK(start_of(0, 10, 0) == 0);
  CHECK(start_of(9, 10, 0) == 0);
  CHECK(start_of(10, 10, 0) == 10);
}

TEST_CASE("times before 1970 fall into windows that start before them") {
  CHECK(start_of(-1, 10, 0) == -10);
  CHECK(start_of(-10, 10, 0) == -10);
  CHECK(start_of(-11, 10, 0) == -20);
  CHECK(start_of(-12, 5, 0) == -15);
}

TEST_CASE("an offset of either sign moves all windows") {
  CHECK(start_of(1, 5, 2) == -3);
  CHECK(start_of(7, 24, -8) == -8);
  CHECK(start_of(3, 60, 15) == -45);
}

TEST_CASE("every time lies within its window and windows leave no gap") {
  for (std::int64_t size : {1, 2, 3, 7, 10})
    for (std::int64_t offset = 1 - size; offset < size; ++offset) {
      const auto windows =
        *tumbling_windows::make(duration_ms{size}, duration_ms{offset});
      for (timestamp at = -25; at <= 25; ++at) {
        const auto window = windows.window_of(at);
        CAPTURE(size);
        CAPTURE(offset);
        CAPTURE(at);
        CHECK(window.start <= at);
        CHECK(at < window.end);
        CHECK(window.end - window.start == size);
        CHECK((window.start - offset) % size == 0);
        CHECK(windows.window_of(window.end).start == window.end);
      }
    }
}

TEST_CASE("windows at the bounds of time are cut, not wrapped") {
  const auto hours = *tumbling_windows::make(duration_ms{3'600'000});
  const auto last = hours.window_of(max_timestamp - 1);
  CHECK(last.start <= max_timestamp - 1);
  CHECK(last.end == max_timestamp);
  CHECK(hours.window_of(max_timestamp) == last);
  const auto first = hours.window_of(min_timestamp + 1);
  CHECK(first.start == min_timestamp);
  CHECK(first.end > first.start);
  const auto all = *tumbling_windows::make(duration_ms{max_timestamp},
                                           duration_ms{max_timestamp - 1});
  CHECK(all.window_of(0).start <= 0);
  CHECK(all.window_of(0).end > 0);
}

TEST_CASE("the time to drop a window is held at the largest time") {
  const time_window window{0, 10};
  CHECK(window.max_timestamp() == 9);
  CHECK(window.cleanup_time(duration_ms{5}) == 14);
  CHECK(window.cleanup_time(duration_ms{max_timestamp}) == max_timestamp);
}

TEST_CASE("a size must be above zero and longer than the offset") {
  CHECK(accepted(10, 9));
  CHECK(accepted(10, -9));
  CHECK_FALSE(accepted(10, 10));
  CHECK_FALSE(accepted(10, -10));
  CHECK_FALSE(accepted(10, 11));
  CHECK_FALSE(accepted(10, min_timestamp));
  CHECK_FALSE(accepted(0, 0));
  CHECK_FALSE(accepted(-5, 0));
  const auto refused =
    tumbling_windows::make(duration_ms{10}, duration_ms{-10});
  CHECK(refused.error().code == error_code::invalid_argument);
  CHECK(refused.error().text.find("-10") != std::string::npos);
}

} // namespace tumbling_test
