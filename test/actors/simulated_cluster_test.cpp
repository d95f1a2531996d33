#include "test/actors/simulation.hpp"
#include "test/actors/task_fixture.hpp"
#include "test/support/test_seed.hpp"

using namespace flow;

namespace {

std::shared_ptr<const job_graph> graph_of(const stream_environment& env) {
  auto graph = env.build();
  REQUIRE(graph);
  return *graph;
}

struct crossing {
  crossing() : env(test_options(2)) {
    results = env.from_sequence(1, 20'000)
                .rebalance()
                .flat_map([](std::int64_t x, collector<std::int64_t>& out) {
                  for (std::int64_t i = 0; i < x % 5; ++i)
                    out.emit(x);
                })
                .shuffle()
                .filter([](std::int64_t x) { return x % 2 == 1; })
                .collect();
  }
  stream_environment env;
  std::optional<collected<std::int64_t>> results;
};

std::vector<std::int64_t> expected_crossing() {
  std::vector<std::int64_t> result;
  for (std::int64_t x = 1; x <= 20'000; x += 2)
    for (std::int64_t i = 0; i < x % 5; ++i)
      result.push_back(x);
  return result;
}

} // namespace

TEST_CASE("any order of messages gives the same results") {
  const std::uint64_t first_seed = test_seed();
  const auto wanted = expected_crossing();
  for (std::uint64_t seed = first_seed; seed < first_seed + 200; ++seed) {
    std::mt19937_64 random{seed};
    crossing job;
    simulated_cluster cluster{graph_of(job.env), job.env.options()};
    REQUIRE(cluster.run_to_end(random));
    auto got = job.results->records();
    std::sort(got.begin(), got.end());
    CAPTURE(seed);
    CHECK(cluster.end->outcome == job_outcome::finished);
    CHECK((got == wanted));
  }
}

TEST_CASE("a stop or a cancel at any moment ends the job") {
  const std::uint64_t first_seed = test_seed();
  for (std::uint64_t seed = first_seed; seed < first_seed + 60; ++seed) {
    std::mt19937_64 random{seed};
    crossing job;
    simulated_cluster cluster{graph_of(job.env), job.env.options()};
    while (!cluster.job_manager)
      cluster.step(random);
    const auto moment = random() % 400;
    for (std::uint64_t i = 0; i < moment && !cluster.end; ++i)
      cluster.step(random);
    const bool stops = seed % 2 == 0;
    if (stops)
      caf::anon_send(cluster.job_manager, stop_atom::value);
    else
      caf::anon_send(cluster.job_manager, cancel_atom::value);
    CAPTURE(seed);
    REQUIRE(cluster.run_to_end(random));
    const auto outcome = cluster.end->outcome;
    if (outcome != job_outcome::finished)
      CHECK(outcome == (stops ? job_outcome::stopped : job_outcome::cancelled));
  }
}

TEST_CASE("a failure at any moment fails the job with its cause") {
  const std::uint64_t first_seed = test_seed();
  for (std::uint64_t seed = first_seed; seed < first_seed + 60; ++seed) {
    std::mt19937_64 random{seed};
    stream_environment env{test_options(2)};
    const auto bad = static_cast<std::int64_t>(1 + random() % 20'000);
    const auto results = env.from_sequence(1, 20'000)
                           .rebalance()
                           .map([bad](std::int64_t x) {
                             if (x == bad)
                               throw std::runtime_error("bad luck");
                             return x;
                           })
                           .name("unlucky")
                           .shuffle()
                           .collect();
    simulated_cluster cluster{graph_of(env), env.options()};
    CAPTURE(seed);
    REQUIRE(cluster.run_to_end(random));
    REQUIRE(cluster.end->outcome == job_outcome::failed);
    CHECK(cluster.end->cause->text
          == "operator \"unlucky\": bad luck (record: " + std::to_string(bad)
               + ")");
  }
}

TEST_CASE("a restart strategy starts the job again after its delay") {
  std::mt19937_64 random{1};
  job_options options = test_options(2);
  options.restart.kind = restart_kind::fixed_delay;
  options.restart.fixed_delay.attempts = 2;
  options.restart.fixed_delay.delay = duration_ms{1000};
  stream_environment env{options};
  auto failures = std::make_shared<int>(0);
  auto results = env.from_sequence(1, 1000)
                   .rebalance()
                   .map([failures](std::int64_t x) {
                     if (x == 700 && ++*failures <= 2)
                       throw std::runtime_error("again");
                     return x;
                   })
                   .collect();
  simulated_cluster cluster{graph_of(env), options};
  REQUIRE(cluster.run_to_end(random));
  CHECK(cluster.end->outcome == job_outcome::finished);
  CHECK(cluster.end->restarts == 2);
  CHECK(cluster.world.time.now() >= 2000);
  auto got = results.records();
  std::sort(got.begin(), got.end());
  got.erase(std::unique(got.begin(), got.end()), got.end());
  CHECK(got == numbers(1, 1000));
}

TEST_CASE("a function that cannot be copied fails the job, not the worker") {
  struct once {
    once() = default;
    once(const once& other) : copies(other.copies) {
      if (++*copies > 8)
        throw std::runtime_error("no more copies");
    }
    once(once&&) = default;
    once& operator=(const once&) = default;
    once& operator=(once&&) = default;
    std::int64_t operator()(const std::int64_t& x) const { return x; }
    std::shared_ptr<int> copies = std::make_shared<int>(0);
  };
  std::mt19937_64 random{1};
  stream_environment env{test_options(20)};
  end_apart(env.from_sequence(1, 10).rebalance().map(once{}));
  simulated_cluster cluster{graph_of(env), env.options(), 20};
  REQUIRE(cluster.run_to_end(random));
  REQUIRE(cluster.end->outcome == job_outcome::failed);
  CHECK(cluster.end->cause->text.find("no more copies") != std::string::npos);
}

TEST_CASE("too few slots refuse the job with a clear text") {
  std::mt19937_64 random{1};
  stream_environment env{test_options(4)};
  end_apart(env.from_sequence(1, 10), 4);
  simulated_cluster cluster{graph_of(env), env.options(), 3};
  REQUIRE(cluster.run_to_end(random));
  REQUIRE(cluster.end->outcome == job_outcome::failed);
  MESSAGE(cluster.end->cause->text);
  CHECK(cluster.end->cause->text.find("slot") != std::string::npos);
}
