#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "test/actors/ledger.hpp"
#include "test/actors/paced_source.hpp"

using namespace flow;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t numbers = 40;

/// Notes what it has seen in a union list, and fails once in between.
struct noting {
  void open(runtime_context& context) {
    seen =
      context.operator_state(union_list_state_descriptor<std::int64_t>{"seen"});
  }
  std::int64_t operator()(std::int64_t x) {
    if (x > 0 && std::ranges::find(seen.get(), x - 1) == seen.get().end())
      fatal(std::to_string(x - 1) + " is not in the union list");
    if (x == numbers / 2 && !failed->exchange(true))
      throw std::runtime_error("once");
    seen.add(x);
    return x;
  }

  union_list_state<std::int64_t> seen;
  std::shared_ptr<std::atomic<bool>> failed =
    std::make_shared<std::atomic<bool>>(false);
};

/// How many of the last checkpoints were given up for a union list.
std::ptrdiff_t given_up(running_job& job) {
  return std::ranges::count_if(
    job.checkpoints().reports(), [](const checkpoint_report& each) {
      return each.failure.find("note\", which holds a union list")
             != std::string::npos;
    });
}

/// Waits for as many more to be given up.
void let_give_up(running_job& job, std::ptrdiff_t count) {
  const auto end = std::chrono::steady_clock::now() + 30s;
  while (given_up(job) < count) {
    REQUIRE(std::chrono::steady_clock::now() < end);
    REQUIRE(!job.wait(2ms));
  }
}

} // namespace

TEST_CASE("no checkpoint lacks entries of a union list") {
  const temporary_folder in;
  const auto to = std::make_shared<ledger<std::int64_t>>();
  const auto pace = std::make_shared<source_pace>();
  job_options options;
  options.job_name = "union";
  options.parallelism = 2;
  options.restart.kind = restart_kind::fixed_delay;
  options.restart.fixed_delay = {1, duration_ms{20}};
  options.checkpoints.interval = duration_ms{20};
  options.checkpoints.dir = in.path.string();
  stream_environment env{options};
  // The other subtask of the chain is at its end at once.
  env.from_source<std::int64_t>(std::make_shared<paced_source>(pace, false))
    .uid("numbers")
    .map(noting{})
    .uid("note")
    .name("note")
    .shuffle()
    .sink_to(sink_into(to))
    .uid("into");
  auto job = env.execute_async();
  REQUIRE_MESSAGE(job, (job ? "" : job.error().text));
  pace->gate = numbers / 2;
  let_give_up(**job, 3);
  // The attempt after the failure begins without what no checkpoint holds.
  pace->gate = numbers - 1;
  while (pace->read < numbers - 1)
    REQUIRE(!(*job)->wait(2ms));
  const auto before = (*job)->checkpoints().completed;
  let_give_up(**job, checkpoint_history::most / 2);
  CHECK((*job)->checkpoints().completed == before);
  pace->gate = numbers;
  pace->ends = true;
  const auto result = (*job)->wait(30s);
  REQUIRE(result);
  CHECK_MESSAGE(result->outcome == job_outcome::finished,
                (result->cause ? result->cause->text : ""));
  CHECK(result->summary.restarts == 1);
  CHECK(result->summary.checkpoints_completed > before);
  const auto rows = to->sorted_rows();
  REQUIRE(rows.size() == numbers);
  CHECK(rows.back() == numbers - 1);
}
