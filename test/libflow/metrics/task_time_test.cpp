#include "libflow/metrics/task_time.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <cstdlib>
#include <random>
#include <thread>

namespace task_time_test {

using namespace flow;
using namespace std::chrono_literals;

namespace {

std::uint64_t test_seed() {
  const char* text = std::getenv("FLOW_TEST_SEED");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : 20260101;
}

std::int64_t sum_of(const time_split& split) {
  return split.idle_ms + split.busy_ms + split.backpressured_ms;
}

} // namespace

TEST_CASE("a subtask that has done nothing is idle all the time") {
  const task_time time{5s};
  for (const auto now : {5000ms, 5001ms, 5999ms, 6000ms, 6001ms, 1000000ms}) {
    CAPTURE(now.count());
    CHECK(time.split(now).idle_ms == 1000);
    CHECK(sum_of(time.split(now)) == 1000);
  }
}

TEST_CASE("a young subtask's time is scaled to a second") {
  task_time time{0s};
  time.enter(task_activity::busy, 30ms);
  time.enter(task_activity::idle, 40ms);
  CHECK(time.split(40ms).busy_ms == 250);
  CHECK(time.split(40ms).idle_ms == 750);
}

TEST_CASE("an activity that still holds counts until now") {
  task_time time{0s};
  time.enter(task_activity::backpressured, 1000ms);
  const time_split split = time.split(1700ms);
  CHECK(split.backpressured_ms == 700);
  CHECK(split.idle_ms == 300);
}

TEST_CASE("only the last second counts") {
  task_time time{0s};
  time.enter(task_activity::busy, 0ms);
  time.enter(task_activity::idle, 5000ms);
  CHECK(time.split(5500ms).busy_ms == 500);
  CHECK(time.split(6000ms).busy_ms == 0);
  time.enter(task_activity::busy, 3600s);
  time.enter(task_activity::idle, 3600s + 100ms);
  CHECK(time.split(3600s + 100ms).busy_ms == 100);
  CHECK(time.split(3600s + 1000ms).busy_ms == 100);
  CHECK(time.split(3600s + 1100ms).busy_ms == 0);
}

TEST_CASE("a clock that steps back costs nothing and breaks nothing") {
  task_time time{0s};
  time.enter(task_activity::busy, 500ms);
  time.enter(task_activity::idle, 400ms);
  time.enter(task_activity::busy, 300ms);
  CHECK(sum_of(time.split(200ms)) == 1000);
  CHECK(time.split(1000ms).busy_ms == 500);
}

TEST_CASE("the three shares add up to a second for any schedule") {
  const std::uint64_t seed = test_seed();
  MESSAGE("seed ", seed);
  std::mt19937_64 random{seed};
  for (int run = 0; run < 200; ++run) {
    std::chrono::nanoseconds now{random() % 1'000'000'000'000};
    task_time time{now};
    const int longest_bits = 10 + static_cast<int>(random() % 24);
    for (int step = 0; step < 200; ++step) {
      now += std::chrono::nanoseconds{random() >> (64 - longest_bits)};
      time.enter(static_cast<task_activity>(random() % 3), now);
      const auto later = now + std::chrono::nanoseconds{random() >> 33};
      for (const auto at : {now, later}) {
        const time_split split = time.split(at);
        CHECK(sum_of(split) >= 998);
        CHECK(sum_of(split) <= 1002);
        CHECK(split.idle_ms >= 0);
        CHECK(split.busy_ms >= 0);
        CHECK(split.backpressured_ms >= 0);
      }
    }
  }
}

TEST_CASE("a reader on another thread never sees half a step") {
  task_time time{0s};
  std::atomic<bool> done{false};
  std::atomic<std::int64_t> now_ns{0};
  std::int64_t wrong = 0;
  {
    const std::jthread reader{[&] {
      while (!done) {
        const std::chrono::nanoseconds now{now_ns.load()};
        const std::int64_t sum = sum_of(time.split(now));
        wrong += sum < 998 || sum > 1002 ? 1 : 0;
      }
    }};
    for (int step = 0; step < 50'000; ++step) {
      const std::chrono::nanoseconds now{now_ns += 700'000};
      time.enter(static_cast<task_activity>(step % 3), now);
    }
    done = true;
  }
  CHECK(wrong == 0);
}

} // namespace task_time_test
