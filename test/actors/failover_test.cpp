#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>

#include "test/actors/ledger.hpp"
#include "test/actors/paced_source.hpp"

using namespace flow;
using namespace std::chrono_literals;

namespace {

using number_ledger = ledger<std::int64_t>;
using folder = temporary_folder;

job_options options_in(const folder& in, bool checkpoints) {
  job_options options;
  options.job_name = "failover";
  options.parallelism = 2;
  options.restart.kind = restart_kind::fixed_delay;
  options.restart.fixed_delay = {5, duration_ms{20}};
  if (checkpoints) {
    options.checkpoints.interval = duration_ms{20};
    options.checkpoints.dir = in.path.string();
  }
  return options;
}

constexpr std::int64_t last = 9'999;

std::vector<std::int64_t> all_numbers() {
  std::vector<std::int64_t> result;
  for (std::int64_t i = 0; i <= last; ++i)
    result.push_back(i);
  return result;
}

/// source -> exchange -> function -> sink. Two subtasks but for the source.
template <class Function>
void pipeline(stream_environment& env, const std::string& name,
              const std::shared_ptr<source_pace>& pace,
              const std::shared_ptr<number_ledger>& to, Function function) {
  env.from_source<std::int64_t>(std::make_shared<paced_source>(pace))
    .uid(name)
    .rebalance()
    .map(std::move(function))
    .name(name)
    .shuffle()
    .sink_to(sink_into(to))
    .uid("into " + name);
}

/// Whether it came to hold while the job ran.
template <class Condition>
bool comes(running_job& job, Condition condition) {
  const auto end = std::chrono::steady_clock::now() + 30s;
  while (!condition())
    if (job.wait(2ms) || std::chrono::steady_clock::now() > end)
      return false;
  return true;
}

/// Throws once at each number that ends three thousand.
struct fails_thrice {
  static constexpr std::int64_t stride = 3'000;

  std::int64_t operator()(std::int64_t x) const {
    std::int64_t turn = x / stride;
    if (x % stride == stride - 1
        && failures->compare_exchange_strong(turn, turn + 1))
      throw std::runtime_error("again");
    return x;
  }

  std::shared_ptr<std::atomic<std::int64_t>> failures =
    std::make_shared<std::atomic<std::int64_t>>(0);
};

} // namespace

TEST_CASE("a pipeline that fails leaves one that is not connected alone") {
  for (const bool checkpoints : {true, false}) {
    CAPTURE(checkpoints);
    const folder in;
    const auto broken = std::make_shared<number_ledger>();
    const auto whole = std::make_shared<number_ledger>();
    const auto to_broken = std::make_shared<source_pace>();
    const auto to_whole = std::make_shared<source_pace>();
    const fails_thrice failing;
    stream_environment env{options_in(in, checkpoints)};
    pipeline(env, "broken", to_broken, broken, failing);
    pipeline(env, "whole", to_whole, whole, [](std::int64_t x) { return x; });
    auto job = env.execute_async();
    REQUIRE_MESSAGE(job, (job ? "" : job.error().text));
    to_whole->gate = last + 1; // and its end comes with the other's
    for (std::int64_t turn = 0; turn < 3; ++turn) {
      // A checkpoint lies between any two failures.
      const std::int64_t before = (turn + 1) * fails_thrice::stride - 1;
      to_broken->gate = before;
      REQUIRE(comes(**job, [&] {
        return !checkpoints
               || static_cast<std::int64_t>(broken->size()) == before;
      }));
      to_broken->gate = before + 1;
      REQUIRE(comes(**job, [&] {
        return *failing.failures == turn + 1
               && broken->openings == 2 * (turn + 2);
      }));
    }
    to_broken->gate = last + 1;
    to_broken->ends = true;
    to_whole->ends = true;
    const auto result = (*job)->wait(30s);
    REQUIRE(result);
    CHECK(result->outcome == job_outcome::finished);
    CHECK(result->summary.restarts == 3);
    CHECK(whole->openings == 2); // one attempt of each subtask
    CHECK(broken->openings == 2 * 4);
    CHECK((broken->sorted_rows() == all_numbers()));
    CHECK((whole->sorted_rows() == all_numbers()));
  }
}

TEST_CASE("a fatal failure ends the pipelines beside it") {
  const folder in;
  const auto broken = std::make_shared<number_ledger>();
  const auto other = std::make_shared<number_ledger>();
  const auto to_broken = std::make_shared<source_pace>();
  const auto to_other = std::make_shared<source_pace>(); // never ends by itself
  to_broken->gate = to_other->gate = last + 1;
  to_broken->ends = true;
  stream_environment env{options_in(in, true)};
  pipeline(env, "broken", to_broken, broken,
           [](std::int64_t x) -> std::int64_t {
             if (x == last)
               fatal("beyond repair");
             return x;
           });
  pipeline(env, "other", to_other, other, [](std::int64_t x) { return x; });
  auto job = env.execute_async();
  REQUIRE_MESSAGE(job, (job ? "" : job.error().text));
  const auto result = (*job)->wait(30s);
  REQUIRE(result);
  CHECK(result->outcome == job_outcome::failed);
  REQUIRE(result->cause);
  CHECK(result->cause->text.find("beyond repair") != std::string::npos);
  CHECK(result->summary.restarts == 0);
}
