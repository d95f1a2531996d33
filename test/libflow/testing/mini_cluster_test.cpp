#include "libflow/testing/mini_cluster.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <vector>

#include "libflow/flow.hpp"
#include "libflow/functions/user_metrics.hpp"

using namespace flow;

namespace {

using number = std::int64_t;

struct square {
  void open(runtime_context& context) {
    calls = metrics_of(context).counter("calls");
  }
  number operator()(const number& x) {
    calls->add(1);
    return x * x;
  }
  std::shared_ptr<counter> calls;
};

} // namespace

TEST_CASE("a whole job runs in a test") {
  job_options options;
  options.parallelism = 2;
  testing::mini_cluster cluster{options};
  auto job = cluster.start([](stream_environment& env) {
    return env.from_sequence(1, 4).map(square{}).collect();
  });
  REQUIRE(job);
  const auto ended = job->wait();
  CHECK(ended.outcome == job_outcome::finished);
  CHECK(ended.summary.counters.at("calls") == 4);
  auto squares = job->result().records();
  std::ranges::sort(squares);
  CHECK(squares == std::vector<number>{1, 4, 9, 16});
}

TEST_CASE("a job whose function throws has failed, unless it may be left out") {
  for (const bool skips : {false, true}) {
    testing::mini_cluster cluster;
    auto job = cluster.start([&](stream_environment& env) {
      auto odd = env.from_sequence(1, 4).map([](const number& x) {
        if (x % 2 == 0)
          throw std::runtime_error{"even"};
        return x;
      });
      odd.on_error(skips ? error_policy::skip() : error_policy::fail());
      return odd.collect();
    });
    REQUIRE(job);
    const auto ended = job->wait();
    CHECK(ended.outcome
          == (skips ? job_outcome::finished : job_outcome::failed));
    if (skips)
      CHECK(ended.summary.skipped_records == 2);
  }
}

TEST_CASE("a job that does not end is cancelled") {
  testing::mini_cluster cluster{{}, std::chrono::milliseconds{300}};
  cluster.options().source_rate = 1;
  auto job = cluster.start([](stream_environment& env) {
    return env.from_sequence(1, 1'000'000).collect();
  });
  REQUIRE(job);
  const auto ended = job->wait();
  CHECK(ended.outcome == job_outcome::failed);
  REQUIRE(ended.cause);
  CHECK(ended.cause->code == error_code::timed_out);
}

TEST_CASE("a job that would be refused does not start") {
  testing::mini_cluster cluster;
  auto job = cluster.start([](stream_environment& env) {
    auto numbers = env.from_sequence(1, 2);
    numbers.on_error(error_policy::skip());
    return numbers.collect();
  });
  CHECK_FALSE(job);
}
