#include "libflow/operators/arrival_stamps.hpp"

#include <doctest/doctest.h>

namespace arrival_stamps_test {

using namespace flow;
using namespace std::chrono_literals;

namespace {

using stamps = std::vector<timestamp>;

struct clocked_stamps {
  explicit clocked_stamps(std::uint64_t every_rows = 0) {
    operator_context context;
    context.time = &time;
    context.watermark_every_rows = every_rows;
    op.emplace(context);
  }

  stamps stamped(std::size_t count) {
    stamps result(count, 42);
    op->stamp(result);
    return result;
  }
  std::optional<timestamp> advance(duration_ms by) {
    time.advance(by);
    return op->on_time(time.steady());
  }

  manual_clock time{1'000};
  std::optional<arrival_stamps> op;
};

} // namespace

TEST_CASE("records are as old as their arrival, and never older than others") {
  clocked_stamps source;
  CHECK(source.stamped(2) == stamps{1'000, 1'000});
  source.time.set_now(400); // the wall clock was put back
  CHECK(source.stamped(1) == stamps{1'000});
  source.time.set_now(1'500);
  CHECK(source.stamped(1) == stamps{1'500});
}

TEST_CASE("the watermark follows the clock, also without records") {
  clocked_stamps source;
  CHECK(source.op->next_deadline() == 200ms);
  CHECK_FALSE(source.advance(100ms));
  CHECK(source.advance(100ms) == 1'199);
  CHECK(source.op->next_deadline() == 400ms);
  CHECK(source.advance(200ms) == 1'399);
  source.time.set_now(0);
  CHECK_FALSE(source.advance(200ms)); // it does not fall
  CHECK(source.stamped(1) == stamps{1'400});
}

TEST_CASE("a watermark every n rows is that of their batch") {
  clocked_stamps source{3};
  (void)source.stamped(2);
  CHECK_FALSE(source.op->on_rows(2));
  CHECK_FALSE(source.advance(10s));
  (void)source.stamped(5);
  CHECK(source.op->on_rows(5) == 10'999);
  CHECK_FALSE(source.op->on_rows(1));
}

TEST_CASE("a source that was stopped concludes nothing from the clock") {
  clocked_stamps source;
  source.op->stop();
  CHECK(source.op->next_deadline() == std::chrono::nanoseconds::max());
  CHECK_FALSE(source.advance(10s));
}

TEST_CASE("stamps do not fall over a restart") {
  clocked_stamps before;
  (void)before.stamped(1);
  const auto bytes = before.op->snapshot();
  clocked_stamps after;
  after.time.set_now(10);
  REQUIRE(after.op->restore(bytes));
  CHECK(after.stamped(1) == stamps{1'000});
  CHECK_FALSE(after.op->restore(std::span{bytes}.first(3)));
}

} // namespace arrival_stamps_test
