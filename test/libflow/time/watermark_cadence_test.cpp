#include "libflow/time/watermark_cadence.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "libflow/time/clock.hpp"

using namespace flow;
using namespace std::chrono_literals;

TEST_CASE("by rows a batch is cut after every n-th row, over all batches") {
  auto cadence = watermark_cadence::every_rows(10);
  std::vector<std::size_t> cuts; // in rows from the start
  std::size_t row = 0;
  for (std::size_t batch : {4, 25, 1, 10, 3}) {
    while (batch > 0) {
      const std::size_t rows = std::min(batch, cadence.rows_until_cut());
      row += rows;
      batch -= rows;
      if (cadence.on_rows(rows))
        cuts.push_back(row);
    }
  }
  CHECK(cuts == std::vector<std::size_t>{10, 20, 30, 40});
  CHECK(cadence.rows_since_cut() == 3);
  CHECK_FALSE(cadence.on_time(1h));
}

TEST_CASE("by rows the cuts fall on the same rows after a restore") {
  auto before = watermark_cadence::every_rows(10);
  CHECK_FALSE(before.on_rows(7));
  auto after = watermark_cadence::every_rows(10);
  after.restore(before.rows_since_cut());
  CHECK(after.rows_until_cut() == 3);
  CHECK(after.on_rows(3));
  auto shorter = watermark_cadence::every_rows(5);
  shorter.restore(7);
  CHECK(shorter.rows_until_cut() == 5);
}

TEST_CASE("by the clock a watermark is due once an interval, missed ones not") {
  manual_clock clock;
  auto cadence = watermark_cadence::by_clock(duration_ms{200}, clock.steady());
  CHECK(cadence.rows_until_cut() == watermark_cadence::no_cut);
  CHECK_FALSE(cadence.on_rows(1'000'000));
  clock.advance(199ms);
  CHECK_FALSE(cadence.on_time(clock.steady()));
  clock.advance(1ms);
  CHECK(cadence.next_deadline() == clock.steady());
  CHECK(cadence.on_time(clock.steady()));
  CHECK_FALSE(cadence.on_time(clock.steady()));
  clock.advance(1s);
  CHECK(cadence.on_time(clock.steady()));
  CHECK_FALSE(cadence.on_time(clock.steady()));
  CHECK(cadence.next_deadline() == clock.steady() + 200ms);
}

TEST_CASE("an interval of zero turns watermarks by the clock off") {
  auto cadence = watermark_cadence::by_clock(duration_ms{0}, 0ns);
  CHECK_FALSE(cadence.on_time(1h));
  CHECK(cadence.next_deadline() == std::chrono::nanoseconds::max());
}

TEST_CASE("a manual clock moves both times, a jump only the wall clock") {
  manual_clock clock{1000};
  clock.advance(1500us);
  CHECK(clock.now() == 1001);
  CHECK(clock.steady() == 1500us);
  clock.set_now(-3);
  CHECK(clock.now() == -3);
  CHECK(clock.steady() == 1500us);
}

TEST_CASE("the system's steady clock does not go backwards") {
  const system_clock clock;
  const auto before = clock.steady();
  CHECK(clock.steady() >= before);
  CHECK(clock.now() > 1'600'000'000'000);
}
