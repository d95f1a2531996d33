#include "libflow/operators/broadcast_process.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "libflow/core/text.hpp"
#include "test/support/collecting_receiver.hpp"

namespace broadcast_process_test {

using namespace flow;

namespace {

struct item {
  std::int64_t key = 0;
  std::int64_t value = 0;
};

/// What a test has the function do on a side.
enum class action : std::uint8_t {
  none,
  write_rules,
  read_state,
  register_timer,
  apply,
};

struct command {
  action what = action::none;
  text rule;
};

/// Collects the values of a key in a list, and rules in a broadcast map.
struct rule_function {
  action on_items = action::none;
  list_state<std::int64_t> values;
  broadcast_map<text, std::int64_t> rules;
  std::optional<keyed_context<std::int64_t>> kept;

  void open(keyed_broadcast_runtime_context<std::int64_t>& context) {
    values = context.state(list_state_descriptor<std::int64_t>{"values"});
    rules = context.broadcast(
      broadcast_state_descriptor<text, std::int64_t>{"rules"});
  }
  void process(const item& in, keyed_context<std::int64_t>& context,
               collector<text>& out) {
    kept = context;
    if (on_items == action::write_rules)
      rules.put("forbidden", 1);
    values.add(in.value);
    out.emit(text{std::to_string(in.value) + " of "
                  + std::to_string(rules.entries().size()) + " rules"});
    context.register_event_timer(41);
  }
  void process_broadcast(const command& in,
                         keyed_broadcast_context<std::int64_t>& context,
                         collector<text>& out) {
    switch (in.what) {
    case action::write_rules:
      rules.put(in.rule, 1);
      break;
    case action::read_state:
      out.emit(text{std::to_string(values.size())});
      break;
    case action::register_timer:
      kept->register_event_timer(5);
      break;
    case action::apply:
      context.apply_to_keyed_state(
        values, [&](std::int64_t key, list_state<std::int64_t>& of_key) {
          out.emit(
            text{std::to_string(key) + ":" + std::to_string(of_key.size())});
          of_key.add(0);
        });
      break;
    case action::none:
      break;
    }
  }
  void on_timer(timestamp time, timer_context<std::int64_t>& context,
                collector<text>& out) {
    out.emit(text{"timer " + std::to_string(time) + " of "
                  + std::to_string(context.key())});
  }
};

using op_type =
  keyed_broadcast_process_operator<item, command, text, std::int64_t item::*,
                                   rule_function>;

struct job {
  explicit job(std::uint32_t index = 0, std::uint32_t parallelism = 1,
               action on_items = action::none)
    : op("rules", out, &item::key,
         rule_function{on_items, {}, {}, std::nullopt}) {
    operator_context context;
    context.time = &time;
    context.place.subtask_index = index;
    context.place.parallelism = parallelism;
    op.open(context);
  }

  template <class T>
  void feed(std::size_t input, T value, timestamp stamp = 0) {
    auto batch = record_batch<T>::make();
    batch->append(std::move(value), stamp);
    op.input(input).receive_erased(batch_ptr{std::move(batch)});
  }
  std::vector<text> taken() {
    std::vector<text> result;
    for (auto& row : out.take())
      result.push_back(row.value);
    std::sort(result.begin(), result.end());
    return result;
  }

  manual_clock time;
  collecting_receiver<text> out;
  op_type op;
};

using texts = std::vector<text>;

} // namespace

TEST_CASE("records read what the broadcast side wrote, and have timers") {
  job it;
  it.feed(0, item{1, 10});
  it.feed(1, command{action::write_rules, "a"});
  it.feed(1, command{action::write_rules, "b"});
  it.feed(0, item{2, 20}, 5);
  CHECK(it.out.rows.back().stamp == 5);
  CHECK(it.taken() == texts{"10 of 0 rules", "20 of 2 rules"});
  it.op.input(0).receive_watermark(50);
  CHECK(it.taken().empty());
  it.op.input(1).receive_watermark(41);
  CHECK(it.taken() == texts{"timer 41 of 1", "timer 41 of 2"});
}

TEST_CASE("the broadcast side sees all keys, and may change their state") {
  job it;
  for (std::int64_t key = 0; key < 3; ++key)
    for (std::int64_t i = 0; i <= key; ++i)
      it.feed(0, item{key, i});
  static_cast<void>(it.taken());
  it.feed(1, command{action::apply, {}});
  CHECK(it.taken() == texts{"0:1", "1:2", "2:3"});
  it.feed(1, command{action::apply, {}});
  CHECK(it.taken() == texts{"0:2", "1:3", "2:4"});
}

TEST_CASE("the sides keep to what is theirs") {
  job writes{0, 1, action::write_rules};
  CHECK_THROWS_AS(writes.feed(0, item{1, 1}), task_failure);
  job it;
  it.feed(0, item{1, 1});
  CHECK_THROWS_AS(it.feed(1, command{action::read_state, {}}), task_failure);
  job other;
  other.feed(0, item{1, 1});
  CHECK_THROWS_AS(other.feed(1, command{action::register_timer, {}}),
                  task_failure);
}

TEST_CASE("keyed and broadcast state survive a change of the parallelism") {
  for (const std::uint32_t from : {1U, 2U, 5U})
    for (const std::uint32_t to : {1U, 2U, 5U}) {
      CAPTURE(from);
      CAPTURE(to);
      std::vector<std::unique_ptr<job>> old;
      for (std::uint32_t i = 0; i < from; ++i)
        old.push_back(std::make_unique<job>(i, from));
      const auto owner = [](std::int64_t key, std::uint32_t parallelism) {
        return operator_of(key_group_of(key_hash(key), 128), parallelism, 128);
      };
      for (std::int64_t key = 0; key < 50; ++key)
        old[owner(key, from)]->feed(0, item{key, key});
      std::vector<operator_snapshot> parts;
      for (auto& each : old) {
        each->feed(1, command{action::write_rules, "a"});
        parts.push_back(each->op.snapshot());
        CHECK(parts.back().broadcast == parts.front().broadcast);
      }
      std::size_t timers = 0;
      for (std::uint32_t i = 0; i < to; ++i) {
        job it{i, to};
        if (from == to)
          REQUIRE(it.op.restore(std::vector<operator_snapshot>{parts[i]}));
        else
          REQUIRE(it.op.restore(parts));
        timers += it.op.timers().event;
        for (std::int64_t key = 0; key < 50; ++key)
          if (owner(key, to) == i) {
            it.feed(0, item{key, 1000});
            CHECK(it.taken() == texts{"1000 of 1 rules"});
          }
        it.feed(1, command{action::apply, {}});
        for (const auto& each : it.taken())
          CHECK(std::string_view{each}.ends_with(":2"));
      }
      CHECK(timers == 50);
    }
}

} // namespace broadcast_process_test
