// Jobs for tests that look at a process from outside.
//
//   silent_job           an unbounded source without records, until SIGINT
//   silent_job --stuck   user code that never comes back beside a failure
//   silent_job --twice   two jobs, one after the other, that print 1 to 200
//   silent_job --aligned a source that waits for another, until SIGINT

#include <unistd.h>

#include <limits>
#include <stdexcept>

#include "test/actors/endless_source.hpp"
#include "test/actors/paced_source.hpp"

namespace {

int run_silent(flow::stream_environment& env) {
  env.from_source<std::int64_t>(std::make_shared<flow::endless_source>(true))
    .assign_timestamps_and_watermarks(
      flow::monotonous_timestamps([](std::int64_t x) { return x; }))
    .rebalance()
    .map([](std::int64_t x) { return x; })
    .name("listener")
    .print();
  return env.execute();
}

int run_stuck(flow::stream_environment& env) {
  const auto numbers = env.from_sequence(1, 2);
  numbers.rebalance()
    .map([](std::int64_t x) {
      for (;;)
        pause();
      return x;
    })
    .name("stuck")
    .print();
  numbers.rebalance()
    .map([](std::int64_t x) -> std::int64_t {
      throw std::runtime_error("no " + std::to_string(x));
    })
    .name("broken")
    .print();
  return env.execute();
}

int run_twice(const flow::job_options& options) {
  for (const std::int64_t first : {1, 101}) {
    flow::stream_environment env{options};
    env.from_sequence(first, first + 99)
      .rebalance()
      .map([](std::int64_t x) { return x; })
      .print();
    if (const int code = env.execute(); code != 0)
      return code;
  }
  return 0;
}

int run_aligned(flow::stream_environment& env) {
  using std::chrono::milliseconds;
  const auto add = [&env](const char* name, std::int64_t gate) {
    const auto pace = std::make_shared<flow::source_pace>();
    pace->gate = gate;
    flow::aligned_numbers(env, name, pace, milliseconds{1'000},
                          milliseconds{10})
      .filter([](std::int64_t) { return false; })
      .print();
  };
  add("slow", 1);
  add("fast", std::numeric_limits<std::int64_t>::max());
  return env.execute();
}

} // namespace

int main(int argc, char** argv) {
  bool stuck = false;
  bool twice = false;
  bool aligned = false;
  flow::option_set own;
  own.add("stuck", &stuck, "user code that never comes back");
  own.add("twice", &twice, "two jobs, one after the other");
  own.add("aligned", &aligned, "a source that waits for another");
  auto env = flow::stream_environment::from_args(argc, argv, "silent_job",
                                                 std::move(own));
  if (twice)
    return run_twice(env.options());
  if (aligned)
    return run_aligned(env);
  return stuck ? run_stuck(env) : run_silent(env);
}
