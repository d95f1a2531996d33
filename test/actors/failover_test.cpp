#include <atomic>
#include <stdexcept>
#include <thread>

#include "test/actors/ledger.hpp"
#include "test/actors/task_fixture.hpp"

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

/// source -> exchange -> function -> sink.
template <class Function>
void pipeline(stream_environment& env, const std::string& name,
              const std::shared_ptr<number_ledger>& to, Function function) {
  env.from_sequence(0, last)
    .uid(name)
    .rebalance()
    .map(std::move(function))
    .name(name)
    .shuffle()
    .sink_to(sink_into(to))
    .uid("into " + name);
}

} // namespace

TEST_CASE("a pipeline that fails leaves one that is not connected alone") {
  for (const bool checkpoints : {true, false}) {
    CAPTURE(checkpoints);
    const folder in;
    const auto broken = std::make_shared<number_ledger>();
    const auto whole = std::make_shared<number_ledger>();
    const auto failures = std::make_shared<std::atomic<int>>(0);
    stream_environment env{options_in(in, checkpoints)};
    pipeline(env, "broken", broken, [failures](std::int64_t x) {
      if (x % 3'000 == 2'999)
        std::this_thread::sleep_for(60ms); // a checkpoint lies between
      if (x % 3'000 == 2'999 && failures->fetch_add(1) < 3)
        throw std::runtime_error("again");
      return x;
    });
    pipeline(env, "whole", whole, [](std::int64_t x) {
      if (x % 500 == 0) // as long as the other, with all its attempts
        std::this_thread::sleep_for(20ms);
      return x;
    });
    auto job = env.execute_async();
    REQUIRE_MESSAGE(job, (job ? "" : job.error().text));
    const auto result = (*job)->wait(30s);
    REQUIRE(result);
    CHECK(result->outcome == job_outcome::finished);
    CHECK(result->summary.restarts >= 1);
    CHECK(result->summary.restarts <= 3);
    CHECK(whole->openings == 2); // one attempt of each subtask
    CHECK(broken->openings
          == 2 * (1 + static_cast<int>(result->summary.restarts)));
    CHECK((broken->sorted_rows() == all_numbers()));
    CHECK((whole->sorted_rows() == all_numbers()));
  }
}

TEST_CASE("a fatal failure ends the pipelines beside it") {
  const folder in;
  const auto broken = std::make_shared<number_ledger>();
  const auto other = std::make_shared<number_ledger>();
  stream_environment env{options_in(in, true)};
  pipeline(env, "broken", broken, [](std::int64_t x) -> std::int64_t {
    if (x == last)
      fatal("beyond repair");
    return x;
  });
  pipeline(env, "other", other, [](std::int64_t x) {
    if (x % 100 == 0)
      std::this_thread::sleep_for(20ms);
    return x;
  });
  auto job = env.execute_async();
  REQUIRE_MESSAGE(job, (job ? "" : job.error().text));
  const auto result = (*job)->wait(30s);
  REQUIRE(result);
  CHECK(result->outcome == job_outcome::failed);
  REQUIRE(result->cause);
  CHECK(result->cause->text.find("beyond repair") != std::string::npos);
  CHECK(result->summary.restarts == 0);
}
