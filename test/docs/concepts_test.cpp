// The examples of docs/concepts.

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "libflow/flow.hpp"
#include "libflow/operators/snapshot_parts.hpp"
#include "libflow/testing.hpp"

namespace concepts_test {

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

struct in_threes {
  void open(flow::runtime_context& context) {
    waiting =
      context.operator_state(flow::list_state_descriptor<event>{"waiting"});
  }
  void operator()(const event& each, flow::collector<event>& out) {
    waiting.add(each);
    if (waiting.get().size() < 3)
      return;
    for (const event& one : waiting.get())
      out.emit(one);
    waiting.clear();
  }
  flow::operator_list_state<event> waiting;
};

struct numbering {
  void open(flow::runtime_context& context) {
    last = context.operator_state(
      flow::union_list_state_descriptor<std::int64_t>{"last"});
    step = context.parallelism();
    next = context.subtask_index();
  }
  void restored() {
    if (last.get().empty())
      return;
    const std::int64_t highest = *std::ranges::max_element(last.get());
    last.set({highest});
    while (next <= highest)
      next += step;
  }
  result operator()(const event& each) {
    last.set({next});
    return {each.user, std::exchange(next, next + step)};
  }
  flow::union_list_state<std::int64_t> last;
  std::int64_t next = 0;
  std::int64_t step = 1;
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

TEST_CASE("the example of a job's time") {
  flow::stream_environment env{flow::job_options{}};
  env.set_time_characteristic(flow::time_characteristic::processing);
  auto sums =
    env.from_sequence(1, 2).time_window_all(15s).reduce(std::plus<>{});
  const auto& [key, value] = sums.last().notes.front();
  CHECK(key == "window");
  CHECK(value.starts_with("tumbling processing time, 15000 ms"));
}

TEST_CASE("the example of aligned sources") {
  flow::stream_environment env{flow::job_options{}};
  const auto aligned = [](const flow::data_stream<event>& events) {
    return events.assign_timestamps_and_watermarks(
      flow::bounded_out_of_orderness(30min, &event::time)
        .with_alignment("orders", 1min));
  };
  (void)aligned(env.from_collection<event>({{"a", 1}})).collect();
  CHECK(env.build());
  (void)aligned(env.from_collection<event>({{"a", 1}}).rebalance()).collect();
  const auto built = env.build();
  REQUIRE_FALSE(built);
  CHECK(built.error().text.find("assign these watermarks right behind the "
                                "source")
        != std::string::npos);
}

TEST_CASE("the example of state") {
  auto it = flow::testing::harness_of<event>(
    [](auto events) { return events.key_by(&event::user).process(count{}); });
  for (const char* user : {"a", "b", "a"})
    CHECK(it.push(event{user, 0}));
  CHECK(it.values() == std::vector<result>{{"a", 1}, {"b", 1}, {"a", 2}});
}

TEST_CASE("the examples of operator state") {
  auto threes = flow::testing::harness_of<event>(
    [](auto events) { return events.flat_map(in_threes{}); });
  for (const char* user : {"a", "b"})
    CHECK(threes.push(event{user, 0}));
  const auto taken = threes.snapshot();
  REQUIRE(taken);
  REQUIRE(threes.restore(*taken));
  CHECK(threes.values().empty());
  CHECK(threes.push(event{"c", 0}));
  CHECK(threes.values().size() == 3);

  auto at = [](std::uint32_t index) {
    flow::testing::harness_options options;
    options.parallelism = 2;
    options.subtask_index = index;
    return flow::testing::harness_of<event>(
      [](auto events) { return events.map(numbering{}); }, options);
  };
  auto first = at(0);
  auto second = at(1);
  for (const char* user : {"a", "b", "c"})
    CHECK(second.push(event{user, 0}));
  CHECK(second.values() == std::vector<result>{{"a", 1}, {"b", 3}, {"c", 5}});
  const std::vector old{first.snapshot().value(), second.snapshot().value()};
  REQUIRE(first.restore(flow::snapshot_parts(old, 0, 2).value()));
  CHECK(first.push(event{"d", 0}));
  CHECK(first.values() == std::vector<result>{{"d", 6}});
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

} // namespace concepts_test
