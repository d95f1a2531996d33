#include "libflow/time/watermark_generator.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace flow;

namespace {

struct reading {
  int sensor = 0;
  bool last_of_its_time = false;
};

/// Ignores sensor 0; says the highest timestamp of the others.
struct trusting_generator {
  void on_event(const reading& record, timestamp stamp) {
    if (record.sensor != 0)
      highest = std::max(highest, stamp);
  }
  std::optional<timestamp> on_periodic() { return highest; }

  timestamp highest = min_timestamp;
};

struct marker_generator {
  std::optional<timestamp> on_event(const reading& record, timestamp stamp) {
    if (!record.last_of_its_time)
      return std::nullopt;
    return stamp;
  }
  std::optional<timestamp> on_periodic() { return std::nullopt; }
};

static_assert(watermark_generator<trusting_generator, reading>);
static_assert(!punctuated_watermark_generator<trusting_generator, reading>);
static_assert(punctuated_watermark_generator<marker_generator, reading>);
static_assert(!watermark_generator<int, reading>);

} // namespace

TEST_CASE("the watermark is the highest timestamp less the bound less one") {
  bounded_out_of_orderness_generator generator{duration_ms{5}};
  generator.on_batch(std::vector<timestamp>{90, 100, 94});
  CHECK(generator.on_periodic() == 94);
}

TEST_CASE("without a record there is no watermark") {
  bounded_out_of_orderness_generator generator{duration_ms{1000}};
  CHECK_FALSE(generator.on_periodic());
  generator.on_batch({});
  CHECK_FALSE(generator.on_periodic());
  generator.on_batch(std::vector<timestamp>{min_timestamp});
  CHECK_FALSE(generator.on_periodic());
}

TEST_CASE("watermarks do not underflow at the beginning of time") {
  bounded_out_of_orderness_generator wide{duration_ms{max_timestamp}};
  wide.on_event(min_timestamp + 10);
  CHECK_FALSE(wide.on_periodic());
  wide.on_event(0);
  CHECK_FALSE(wide.on_periodic()); // would be min_timestamp
  wide.on_event(2);
  CHECK(wide.on_periodic() == min_timestamp + 2);
}

TEST_CASE("records never cause the watermark that ends a stream") {
  auto generator = monotonous_generator();
  generator.on_event(max_timestamp);
  CHECK(generator.on_periodic() == max_timestamp - 1);
}

TEST_CASE("a watermark is put out only when it is above the last") {
  auto generator = monotonous_generator();
  generator.on_event(7);
  CHECK(generator.on_periodic() == 6);
  CHECK_FALSE(generator.on_periodic());
  generator.on_event(3);
  CHECK_FALSE(generator.on_periodic());
  generator.on_event(8);
  CHECK(generator.on_periodic() == 7);
}

TEST_CASE("a restored generator goes on where it was") {
  bounded_out_of_orderness_generator before{duration_ms{5}};
  before.on_event(100);
  CHECK(before.on_periodic() == 94);
  before.on_event(103);
  const generator_state state = before.snapshot();
  CHECK(state == generator_state{103, 94});

  bounded_out_of_orderness_generator after{duration_ms{5}};
  after.restore(state);
  after.on_event(50);
  CHECK(after.on_periodic() == 97);
}

TEST_CASE("a custom generator sees every record") {
  custom_watermarks<trusting_generator> marks{trusting_generator{}};
  const std::vector<reading> records{{1}, {0}, {2}};
  const std::vector<timestamp> stamps{10, 99, 20};
  const fed_rows fed = marks.on_batch<reading>(records, stamps);
  CHECK(fed.rows == 3);
  CHECK_FALSE(fed.watermark);
  CHECK(marks.on_periodic() == 20);
  CHECK_FALSE(marks.on_periodic());
}

TEST_CASE("a custom generator may cut the batch after a record") {
  custom_watermarks<marker_generator> marks{marker_generator{}};
  const std::vector<reading> records{
    {1, false}, {1, true}, {1, true}, {1, true}, {1, false}};
  const std::vector<timestamp> stamps{10, 10, 8, 12, 13};
  const std::span<const reading> values{records};
  const std::span<const timestamp> times{stamps};

  const fed_rows first = marks.on_batch(values, times);
  CHECK(first.rows == 2);
  CHECK(first.watermark == 10);
  // The third record would turn time back: no cut there.
  const fed_rows second = marks.on_batch(values.subspan(2), times.subspan(2));
  CHECK(second.rows == 2);
  CHECK(second.watermark == 12);
  const fed_rows third = marks.on_batch(values.subspan(4), times.subspan(4));
  CHECK(third.rows == 1);
  CHECK_FALSE(third.watermark);
  CHECK(marks.snapshot() == generator_state{13, 12});
}

TEST_CASE("a restored custom generator does not repeat watermarks") {
  custom_watermarks<trusting_generator> marks{trusting_generator{}};
  marks.restore({30, 20});
  const std::vector<reading> records{{1}};
  CHECK(marks.on_batch<reading>(records, std::vector<timestamp>{15}).rows == 1);
  CHECK_FALSE(marks.on_periodic());
  CHECK(marks.on_batch<reading>(records, std::vector<timestamp>{25}).rows == 1);
  CHECK(marks.on_periodic() == 25);
  CHECK(marks.snapshot() == generator_state{30, 25});
}
