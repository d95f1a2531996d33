// The examples of docs/concepts.

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "libflow/flow.hpp"
#include "libflow/testing.hpp"

using namespace std::chrono_literals;

namespace {

struct event {
  std::string user;
  flow::timestamp time = 0;
};

struct result {
  std::string user;
  std::int64_t number = 0;

  friend bool operator==(const result&, const result&) = default;
};

struct count {
  void open(flow::keyed_runtime_context<std::string>& context) {
    seen = context.state(flow::value_state_descriptor<std::int64_t>{"seen"});
  }
  void operator()(const event&, flow::keyed_context<std::string>& context,
                  flow::collector<result>& out) {
    seen.set(seen.value() + 1);
    out.emit({context.key(), seen.value()});
  }
  flow::value_state<std::int64_t> seen;
};

struct sale {
  std::string shop;
  std::int64_t amount = 0;
};

struct average {
  struct sums {
    std::int64_t amount = 0;
    std::int64_t sales = 0;
  };
  void add(sums& to, const sale& each) const {
    to.amount += each.amount;
    ++to.sales;
  }
  void merge(sums& to, const sums& other) const {
    to.amount += other.amount;
    to.sales += other.sales;
  }
  std::int64_t result(const sums& of) const { return of.amount / of.sales; }
  using accumulator = sums;
};

} // namespace

TEST_CASE("the example of time") {
  auto it = flow::testing::harness_of<event>([](auto events) {
    return events.assign_timestamps_and_watermarks(
      flow::bounded_out_of_orderness(30min, &event::time).with_idleness(10s));
  });
  CHECK(it.push(event{"a", 3'600'000}));
  CHECK(it.set_processing_time(200));
  using mark = flow::testing::emitted_watermark;
  const auto items = it.take();
  REQUIRE(items.size() == 2);
  CHECK(std::get<mark>(items[1]) == mark{1'799'999});
}

TEST_CASE("the example of state") {
  auto it = flow::testing::harness_of<event>(
    [](auto events) { return events.key_by(&event::user).process(count{}); });
  for (const char* user : {"a", "b", "a"})
    CHECK(it.push(event{user, 0}));
  CHECK(it.values() == std::vector<result>{{"a", 1}, {"b", 1}, {"a", 2}});
}

TEST_CASE("the example of windows") {
  const flow::output_tag<sale> late{"late"};
  auto it = flow::testing::harness_of<sale>([&](auto sales) {
    return sales.key_by(&sale::shop)
      .window(flow::sliding_event_time(1h, 10s))
      .allowed_lateness(1min)
      .side_output_late(late)
      .aggregate(average{});
  });
  CHECK(it.push(sale{"a", 2}, 1'000));
  CHECK(it.push(sale{"a", 4}, 9'000));
  CHECK(it.watermark(9'999));
  CHECK(it.values() == std::vector<std::int64_t>{3});
}
