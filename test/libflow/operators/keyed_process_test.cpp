#include "libflow/operators/keyed_process.hpp"

#include <doctest/doctest.h>

#include <map>
#include <optional>
#include <random>
#include <string>

#include "libflow/core/text.hpp"
#include "test/support/collecting_receiver.hpp"
#include "test/support/test_seed.hpp"

namespace keyed_process_test {

using namespace flow;

namespace {

struct visit {
  text user;
  std::int64_t amount = 0;
};

struct visited {
  text user;
  std::int64_t number = 0;
  std::int64_t sum = 0;
  friend bool operator==(const visited&, const visited&) = default;
};

/// Counts and sums per user, in two states.
struct visit_counter {
  void open(keyed_runtime_context<text>& context) {
    count.emplace(context.state(value_state_descriptor<std::int64_t>{"n", 0}));
    sum.emplace(context.state(value_state_descriptor<std::int64_t>{"sum", 5}));
  }
  void process(const visit& in, keyed_context<text>& context,
               collector<visited>& out) {
    count->update([](std::int64_t& n) { ++n; });
    sum->set(sum->value() + in.amount);
    if (in.amount == 99) {
      count->clear();
      return;
    }
    out.emit({context.key(), count->value(), sum->value()});
  }

  std::optional<value_state<std::int64_t>> count;
  std::optional<value_state<std::int64_t>> sum;
};

using counting =
  keyed_process_operator<visit, visited, text visit::*, visit_counter>;

struct job {
  explicit job(std::uint32_t index = 0, std::uint32_t parallelism = 1)
    : op("visits", out, &visit::user, visit_counter{}) {
    operator_context context;
    context.place.subtask_index = index;
    context.place.parallelism = parallelism;
    op.open(context);
  }

  void feed(const std::vector<visit>& visits, timestamp stamp = 3) {
    auto batch = record_batch<visit>::make();
    for (const auto& each : visits)
      batch->append(each, stamp);
    op.receive(std::move(batch));
    while (op.pending()) {
      out.make_room();
      op.resume();
    }
  }

  collecting_receiver<visited> out;
  counting op;
};

/// What the function computes, plainly.
struct model {
  std::optional<visited> add(const visit& in) {
    auto& [count, sum] =
      users.try_emplace(in.user.to_string(), 0, 5).first->second;
    ++count;
    sum += in.amount;
    if (in.amount == 99) {
      count = 0;
      return std::nullopt;
    }
    return visited{in.user, count, sum};
  }
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> users;
};

std::vector<visit> random_visits(std::mt19937_64& random) {
  std::vector<visit> visits(1 + random() % 1500);
  const std::uint64_t users = 1 + random() % 3000;
  for (auto& each : visits) {
    const auto user = random() % users;
    each = {text{std::string(user % 4 * 8, 'u') + std::to_string(user)},
            static_cast<std::int64_t>(random() % 100)};
  }
  return visits;
}

} // namespace

TEST_CASE("each key has its own state and unset state reads as the default") {
  job one;
  one.feed({{text{"ann"}, 1}, {text{"bob"}, 2}, {text{"ann"}, 3}}, 7);
  REQUIRE(one.out.rows.size() == 3);
  CHECK(one.out.rows[0].value == visited{text{"ann"}, 1, 6});
  CHECK(one.out.rows[1].value == visited{text{"bob"}, 1, 7});
  CHECK(one.out.rows[2].value == visited{text{"ann"}, 2, 9});
  CHECK(one.out.rows[2].stamp == 7);
}

TEST_CASE("random visits are counted like a plain map counts them, through "
          "restores at other parallelisms") {
  std::mt19937_64 random{test_seed()};
  model plain;
  std::vector<std::unique_ptr<job>> subtasks;
  subtasks.push_back(std::make_unique<job>());
  for (std::uint32_t parallelism : {1U, 2U, 3U, 1U, 2U, 1U}) {
    std::vector<operator_snapshot> parts;
    for (auto& each : subtasks)
      parts.push_back(each->op.snapshot());
    subtasks.clear();
    for (std::uint32_t i = 0; i < parallelism; ++i) {
      subtasks.push_back(std::make_unique<job>(i, parallelism));
      REQUIRE(subtasks[i]->op.restore(parts).has_value());
    }
    for (int round = 0; round < 5; ++round) {
      std::vector<std::vector<visit>> shares(parallelism);
      std::vector<std::vector<visited>> expected(parallelism);
      for (const auto& each : random_visits(random)) {
        const auto index =
          operator_of(key_group_of(key_hash(each.user), 128), parallelism, 128);
        shares[index].push_back(each);
        if (auto out = plain.add(each))
          expected[index].push_back(*out);
      }
      for (std::uint32_t i = 0; i < parallelism; ++i) {
        if (shares[i].empty())
          continue;
        subtasks[i]->out.make_room(1 + random() % 500);
        subtasks[i]->feed(shares[i]);
        std::vector<visited> got;
        for (auto& row : subtasks[i]->out.take())
          got.push_back(row.value);
        CHECK(got == expected[i]);
      }
    }
  }
}

TEST_CASE("damaged state is an error") {
  job one;
  one.feed({{text{"ann"}, 1}, {text{"bob"}, 2}});
  auto taken = one.op.snapshot();
  taken.keyed.pop_back();
  job two;
  CHECK_FALSE(two.op.restore({&taken, 1}).has_value());
}

TEST_CASE("one name for two types of state fails the attempt") {
  struct confused {
    void open(keyed_runtime_context<text>& context) {
      (void)context.state(value_state_descriptor<std::int64_t>{"n", 0});
      (void)context.state(value_state_descriptor<double>{"n", 0});
    }
    void operator()(const visit&, keyed_context<text>&, collector<visited>&) {}
  };
  collecting_receiver<visited> out;
  keyed_process_operator<visit, visited, text visit::*, confused> op{
    "visits", out, &visit::user, confused{}};
  CHECK_THROWS_AS(op.open({}), task_failure);
}

TEST_CASE("what a keyed function throws names the operator") {
  auto thrower = [](const visit&, keyed_context<text>&, collector<visited>&) {
    throw std::runtime_error("no such user");
  };
  collecting_receiver<visited> out;
  keyed_process_operator<visit, visited, text visit::*, decltype(thrower)> op{
    "visits", out, &visit::user, thrower};
  op.open({});
  auto batch = record_batch<visit>::make();
  batch->append({text{"ann"}, 1}, 3);
  std::string said;
  try {
    op.receive(std::move(batch));
  } catch (const task_failure& failure) {
    said = failure.reason.text;
  }
  CHECK(said.find("\"visits\": no such user") != std::string::npos);
}

} // namespace keyed_process_test
