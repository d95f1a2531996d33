// The examples of docs/testing.md.

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "libflow/flow.hpp"
#include "libflow/testing.hpp"
#include "libflow/testing/mini_cluster.hpp"

namespace testing_test {

using namespace std::chrono_literals;

namespace {

struct sale {
  std::string shop;
  std::int64_t amount = 0;

  friend bool operator==(const sale&, const sale&) = default;
};

sale add_up(const sale& a, const sale& b) {
  return {a.shop, a.amount + b.amount};
}

std::int64_t square(const std::int64_t& x) {
  return x * x;
}

} // namespace

TEST_CASE("the example of one operator") {
  auto totals = flow::testing::harness_of<sale>([](auto sales) {
    return sales.key_by(&sale::shop)
      .window(flow::session_event_time(10s))
      .reduce(add_up);
  });
  CHECK(totals.push(sale{"a", 3}, 1'000));
  CHECK(totals.push(sale{"a", 4}, 9'000));
  CHECK(totals.watermark(30'000));
  CHECK(totals.values() == std::vector{sale{"a", 7}});
}

TEST_CASE("the example of state alone") {
  flow::testing::keyed_state_harness<std::string> states;
  auto seen = states.state(flow::value_state_descriptor<std::int64_t>{
    "seen", 0, flow::state_ttl{.time_to_live = 10s}});
  states.select("a");
  seen.set(1);
  states.set_processing_time(10'000);
  CHECK(!seen.has_value());
}

TEST_CASE("the example of a whole job") {
  flow::testing::mini_cluster cluster;
  cluster.options().parallelism = 2;
  auto job = cluster.start([](flow::stream_environment& env) {
    return env.from_sequence(1, 4).map(square).collect();
  });
  REQUIRE(job); // an error for a job that would be refused
  CHECK(job->wait().outcome == flow::job_outcome::finished);
  CHECK(job->result().records().size() == 4);
}

} // namespace testing_test
