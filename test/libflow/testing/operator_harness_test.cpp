#include "libflow/testing.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "libflow/flow.hpp"
#include "libflow/operators/snapshot_parts.hpp"

namespace {

struct count {
  std::string word;
  std::int64_t number = 0;

  friend bool operator==(const count&, const count&) = default;
};

count add(const count& a, const count& b) {
  return {a.word, a.number + b.number};
}

std::string word_of(const count& each) {
  return each.word;
}

auto counts() {
  return flow::testing::harness_of<count>(
    [](auto in) { return in.key_by(&count::word).reduce(add); });
}

using items = std::vector<flow::testing::output_item<count>>;
using flow::testing::emitted;
using flow::testing::emitted_watermark;

} // namespace

TEST_CASE("records, watermarks and statuses come out in order") {
  auto sums = counts();
  CHECK(sums.push(count{"a", 1}, 10));
  CHECK(sums.watermark(10));
  CHECK(sums.push(count{"a", 2}));
  CHECK(sums.status(flow::stream_status::idle));
  CHECK(sums.take()
        == items{emitted<count>{{"a", 1}, 10}, emitted_watermark{10},
                 emitted<count>{{"a", 3}, flow::min_timestamp},
                 flow::stream_status::idle});
  CHECK(sums.take().empty());
}

TEST_CASE("a batch does what its records do one by one") {
  const std::vector<emitted<count>> records{
    {{"a", 1}, 1}, {{"b", 2}, 2}, {{"a", 3}, 3}};
  auto one_by_one = counts();
  auto batch = counts();
  for (const auto& each : records)
    CHECK(one_by_one.push(each.value, each.stamp));
  CHECK(batch.push_batch(std::span<const emitted<count>>{records}));
  CHECK(one_by_one.take() == batch.take());
}

TEST_CASE("a plain function may select the key") {
  auto sums = flow::testing::harness_of<count>(
    [](auto in) { return in.key_by(word_of).reduce(add); });
  CHECK(sums.push(count{"a", 1}));
  CHECK(sums.push(count{"b", 5}));
  CHECK(sums.push(count{"a", 2}));
  CHECK(sums.values() == std::vector<count>{{"a", 1}, {"b", 5}, {"a", 3}});
}

TEST_CASE("a snapshot restores into a new instance") {
  auto sums = counts();
  CHECK(sums.push(count{"a", 1}));
  const auto taken = sums.snapshot();
  REQUIRE(taken);
  CHECK(sums.push(count{"a", 10}));
  REQUIRE(sums.restore(*taken));
  CHECK(sums.push(count{"a", 2}));
  CHECK(sums.values() == std::vector<count>{{"a", 3}});
}

TEST_CASE("watermarks of several channels are combined") {
  flow::testing::harness_options two;
  two.channels = {2};
  auto sums = flow::testing::harness_of<count>(
    [](auto in) { return in.key_by(&count::word).reduce(add); }, two);
  CHECK(sums.watermark(10, {0, 0}));
  CHECK(sums.take().empty());
  CHECK(sums.watermark(7, {0, 1}));
  CHECK(sums.take() == items{emitted_watermark{7}});
}

TEST_CASE("side outputs come by tag, once they are consumed") {
  const flow::output_tag<std::string> odd{"odd"};
  auto split = flow::testing::harness_of<std::int64_t>([&](auto in) {
    return in.process([odd](const std::int64_t& x,
                            flow::process_context& context,
                            flow::collector<std::int64_t>& out) {
      if (x % 2 != 0)
        context.emit(odd, std::to_string(x));
      else
        out.emit(x);
    });
  });
  split.consume(odd);
  CHECK(split.push(std::int64_t{1}, 5));
  CHECK(split.push(std::int64_t{2}, 6));
  CHECK(split.values() == std::vector<std::int64_t>{2});
  CHECK(split.take_side(odd)
        == std::vector<flow::testing::output_item<std::string>>{
          emitted<std::string>{"1", 5}});
}

TEST_CASE("what user code throws is the error of the call") {
  auto failing = flow::testing::harness_of<std::int64_t>([](auto in) {
    return in.map([](const std::int64_t& x) -> std::int64_t {
      if (x == 13)
        throw std::runtime_error("unlucky");
      return x;
    });
  });
  CHECK(failing.push(std::int64_t{1}));
  const auto refused = failing.push(std::int64_t{13});
  REQUIRE(!refused);
  CHECK(refused.error().text.find("unlucky") != std::string::npos);
}

TEST_CASE("the clock stands at 0 and probes come when it is set") {
  auto marks = flow::testing::harness_of<std::int64_t>([](auto in) {
    return in.assign_timestamps_and_watermarks(
      flow::monotonous_timestamps([](const std::int64_t& x) { return x; }));
  });
  CHECK(marks.push(std::int64_t{100}));
  CHECK(marks.set_processing_time(199));
  CHECK(marks.take().size() == 1);
  CHECK(marks.set_processing_time(200));
  CHECK(marks.take()
        == std::vector<flow::testing::output_item<std::int64_t>>{
          emitted_watermark{99}});
}

TEST_CASE("a slow consumer changes nothing") {
  flow::testing::harness_options slow;
  slow.refuse_every_second = true;
  auto repeat = [](auto in) {
    return in.flat_map(
      [](const std::int64_t& x, flow::collector<std::int64_t>& out) {
        for (std::int64_t i = 0; i < x; ++i)
          out.emit(i);
      });
  };
  auto fast_one = flow::testing::harness_of<std::int64_t>(repeat);
  auto slow_one = flow::testing::harness_of<std::int64_t>(repeat, slow);
  const std::vector<emitted<std::int64_t>> records(1000, {7, 1});
  for (auto* each : {&fast_one, &slow_one}) {
    CHECK(each->push_batch(std::span<const emitted<std::int64_t>>{records}));
    CHECK(each->watermark(3));
  }
  CHECK(fast_one.take() == slow_one.take());
}

namespace {

/// Keeps every second number back; counts what all subtasks have seen until the
/// last restore.
struct keep_back {
  void open(flow::runtime_context& context) {
    held =
      context.operator_state(flow::list_state_descriptor<std::int64_t>{"held"});
    seen = context.operator_state(
      flow::union_list_state_descriptor<std::int64_t>{"seen"});
    first = context.subtask_index() == 0;
  }
  void restored() {
    before = 0;
    for (const auto each : seen.get())
      before += each;
    seen.set(first ? std::vector{before} : std::vector<std::int64_t>{});
  }
  void operator()(const std::int64_t& x, flow::process_context&,
                  flow::collector<std::int64_t>& out) {
    seen.add(1);
    if (x >= 0) {
      held.add(x);
      return;
    }
    out.emit(before);
    for (const auto each : held.get())
      out.emit(each);
    held.clear();
  }

  flow::operator_list_state<std::int64_t> held;
  flow::union_list_state<std::int64_t> seen;
  std::int64_t before = 0;
  bool first = false;
};

auto instances(std::uint32_t parallelism) {
  using harness = flow::testing::operator_harness<std::int64_t>;
  std::vector<std::unique_ptr<harness>> result;
  for (std::uint32_t i = 0; i < parallelism; ++i) {
    flow::testing::harness_options at;
    at.parallelism = parallelism;
    at.subtask_index = i;
    result.push_back(
      std::make_unique<harness>(flow::testing::harness_of<std::int64_t>(
        [](auto in) { return in.process(keep_back{}); }, at)));
  }
  return result;
}

} // namespace

TEST_CASE("n snapshots with operator states restore into m instances") {
  using counts = std::vector<std::uint32_t>;
  for (const auto& path : {counts{1, 1}, counts{2, 2}, counts{3, 3, 3},
                           counts{2, 3}, counts{3, 2}, counts{1, 4, 1, 5, 2}}) {
    auto now = instances(path.front());
    std::int64_t pushed = 0;
    auto push_some = [&] {
      for (std::size_t i = 0; i < now.size(); ++i)
        for (std::size_t count = 0; count < 2 + i; ++count)
          REQUIRE(now[i]->push(pushed++));
    };
    push_some();
    for (std::size_t step = 1; step < path.size(); ++step) {
      std::vector<flow::operator_snapshot> old;
      for (auto& each : now)
        old.push_back(each->snapshot().value());
      now = instances(path[step]);
      for (std::uint32_t i = 0; i < path[step]; ++i)
        REQUIRE(
          now[i]->restore(flow::snapshot_parts(old, i, path[step]).value()));
      const auto before = pushed;
      if (step + 1 < path.size()) {
        push_some();
        continue;
      }
      std::vector<std::int64_t> all;
      for (auto& each : now) {
        REQUIRE(each->push(std::int64_t{-1}));
        const auto out = each->values();
        REQUIRE(!out.empty());
        CHECK(out.front() == before); // what everyone is told of all
        all.insert(all.end(), out.begin() + 1, out.end());
      }
      std::ranges::sort(all);
      std::vector<std::int64_t> wanted(static_cast<std::size_t>(pushed));
      for (std::size_t i = 0; i < wanted.size(); ++i)
        wanted[i] = static_cast<std::int64_t>(i);
      CHECK(all == wanted);
    }
  }
}

TEST_CASE("a snapshot with an operator state that is gone is refused") {
  auto with = std::move(instances(1).front());
  const auto taken = with->snapshot().value();
  auto without = flow::testing::harness_of<std::int64_t>([](auto in) {
    return in.process([](const std::int64_t&, flow::process_context&,
                         flow::collector<std::int64_t>&) {});
  });
  const auto refused = without.restore(taken);
  REQUIRE(!refused);
  CHECK(refused.error().code == flow::error_code::incompatible);
}

TEST_CASE("each function of the author's may keep operator state") {
  struct counted {
    std::int64_t next() {
      count.set({count.get().empty() ? 1 : count.get().front() + 1});
      return count.get().front();
    }
    void open(flow::runtime_context& context) {
      count = context.operator_state(
        flow::list_state_descriptor<std::int64_t>{"count"});
    }
    void restored() { is_restored = true; }
    flow::operator_list_state<std::int64_t> count;
    bool is_restored = false;
  };
  struct mapped : counted {
    std::int64_t operator()(const std::int64_t&) {
      return is_restored ? next() : -next();
    }
  };
  struct kept : counted {
    bool operator()(const std::int64_t&) {
      return next() % 2 == 0 && is_restored;
    }
  };
  struct emitted_by : counted {
    void operator()(const std::int64_t&, flow::collector<std::int64_t>& out) {
      out.emit(is_restored ? next() : -next());
    }
  };
  struct keyed : counted {
    void operator()(const std::int64_t&, flow::keyed_context<std::int64_t>&,
                    flow::collector<std::int64_t>& out) {
      out.emit(is_restored ? next() : -next());
    }
  };
  auto check = [](auto compose, const std::vector<std::int64_t>& wanted) {
    auto it = flow::testing::harness_of<std::int64_t>(compose);
    REQUIRE(it.push(std::int64_t{7}));
    std::vector<std::int64_t> out = it.values();
    REQUIRE(it.restore(it.snapshot().value()));
    REQUIRE(it.push(std::int64_t{8}));
    for (const auto each : it.values())
      out.push_back(each);
    CHECK(out == wanted);
  };
  check([](auto in) { return in.map(mapped{}); }, {-1, 2});
  check([](auto in) { return in.filter(kept{}); }, {8});
  check([](auto in) { return in.flat_map(emitted_by{}); }, {-1, 2});
  check(
    [](auto in) {
      return in.key_by([](const std::int64_t&) { return std::int64_t{0}; })
        .template process<std::int64_t>(keyed{});
    },
    {-1, 2});
}

TEST_CASE("timers are counted in all and by key") {
  using namespace std::chrono_literals;
  const std::string a = "a";
  const std::string b = "b";
  auto windows = flow::testing::harness_of<count>([](auto in) {
    return in.key_by(&count::word)
      .window(flow::tumbling_event_time(10ms))
      .trigger(flow::event_time_trigger())
      .allowed_lateness(flow::duration_ms{5})
      .process([](const flow::window_context<std::string>&,
                  std::span<const count>, flow::collector<count>&) {});
  });
  auto sessions = flow::testing::harness_of<count>([](auto in) {
    return in.key_by(&count::word)
      .window(flow::session_event_time(10ms))
      .allowed_lateness(flow::duration_ms{5})
      .reduce(add);
  });
  for (auto* it : {&windows, &sessions}) {
    REQUIRE(it->push(count{a, 1}, 0));
    REQUIRE(it->push(count{a, 1}, 40));
    REQUIRE(it->push(count{b, 1}, 1));
    CHECK(it->timers() == flow::timer_counts{6, 0});
    CHECK(it->timers(a) == flow::timer_counts{4, 0});
    CHECK(it->timers(b) == flow::timer_counts{2, 0});
    CHECK(it->timers(std::string{"c"}) == flow::timer_counts{});
    REQUIRE(it->watermark(10));
    CHECK(it->timers(b) == flow::timer_counts{1, 0});
    CHECK(it->timers() == flow::timer_counts{4, 0});
  }
}

TEST_CASE("an interval join has a timer for each time that it keeps") {
  using namespace std::chrono_literals;
  auto join = flow::testing::harness_of<count, count>([](auto x, auto y) {
    return x.key_by(&count::word)
      .interval_join(y.key_by(&count::word))
      .between(-5ms, 5ms)
      .process(add);
  });
  for (const flow::timestamp at : {1, 1, 3}) {
    REQUIRE(join.push(count{"a", 1}, at, 0));
    REQUIRE(join.push(count{"b", 1}, 9, 1));
  }
  CHECK(join.timers() == flow::timer_counts{3, 0});
  CHECK(join.timers(std::string{"a"}) == flow::timer_counts{2, 0});
  CHECK(join.timers(std::string{"b"}) == flow::timer_counts{1, 0});
}

TEST_CASE("a test sees what an interval join holds of a key") {
  using namespace std::chrono_literals;
  using held = flow::held_record<count>;
  auto join = flow::testing::harness_of<count, count>([](auto x, auto y) {
    return x.key_by(&count::word)
      .interval_join(y.key_by(&count::word))
      .between(0ms, 5ms)
      .process(add);
  });
  REQUIRE(join.push(count{"a", 1}, 7, 0));
  REQUIRE(join.push(count{"a", 2}, 3, 0));
  REQUIRE(join.push(count{"a", 3}, 3, 0));
  REQUIRE(join.push(count{"a", 4}, 20, 1));
  REQUIRE(join.push(count{"b", 5}, 4, 0));
  const auto all = join.buffers<count, count>(std::string{"a"});
  CHECK(
    all.left
    == std::vector{held{{"a", 2}, 3}, held{{"a", 3}, 3}, held{{"a", 1}, 7}});
  CHECK(all.right == std::vector{held{{"a", 4}, 20}});
  REQUIRE(join.watermark(8, {0, 0}));
  REQUIRE(join.watermark(8, {1, 0}));
  const auto later = join.buffers<count, count>(std::string{"a"});
  CHECK(later.left == std::vector{held{{"a", 1}, 7}});
  CHECK(later.right.size() == 1);
}

TEST_CASE("a test answers requests, and sees how many are open") {
  using promise = flow::async_promise<std::int64_t>;
  std::vector<promise> open;
  flow::async_options options;
  options.capacity = 2;
  auto ask = flow::testing::harness_of<std::int64_t>([&](auto in) {
    return in.template async_ordered<std::int64_t>(
      [&open](const std::int64_t&, promise answer) { open.push_back(answer); },
      options);
  });
  CHECK(ask.can_accept());
  REQUIRE(ask.push(std::int64_t{1}));
  REQUIRE(ask.push(std::int64_t{2}));
  CHECK(ask.in_flight() == 2);
  CHECK(!ask.can_accept());
  open[1].complete(20);
  REQUIRE(ask.set_processing_time(0));
  CHECK(ask.in_flight() == 1);
  CHECK(!ask.can_accept()); // its result waits for the first
  open[0].complete(10);
  REQUIRE(ask.set_processing_time(0));
  CHECK(ask.can_accept());
  CHECK(ask.values() == std::vector<std::int64_t>{10, 20});
}

TEST_CASE("state alone expires and is restored under the test's clock") {
  const flow::map_state_descriptor<std::string, std::int64_t> sums{
    "sums", flow::state_ttl{.time_to_live = flow::duration_ms{10}}};
  flow::testing::keyed_state_harness<std::int64_t> before;
  auto old = before.state(sums);
  before.select(7);
  old.put("x", 1);
  before.set_processing_time(5);
  old.put("y", 2);
  const auto taken = before.snapshot();
  flow::testing::keyed_state_harness<std::int64_t> after;
  auto fresh = after.state(sums);
  after.set_processing_time(12);
  REQUIRE(after.restore({&taken, 1}));
  after.select(7);
  CHECK(!fresh.contains("x"));
  CHECK(fresh.contains("y"));
  after.select(8);
  CHECK(fresh.empty());
}
