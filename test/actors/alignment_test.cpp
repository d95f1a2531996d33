#include <atomic>

#include "test/actors/paced_source.hpp"
#include "test/actors/simulation.hpp"
#include "test/actors/task_fixture.hpp"
#include "test/support/test_seed.hpp"

using namespace flow;
using namespace std::chrono_literals;

namespace {

constexpr duration_ms drift{5'000};

/// A slow source and a fast one that keeps step with it. The fast one looks at
/// every poll how far it is ahead; a batch may take it beyond the drift, but
/// then it must not be polled.
struct pair_of_sources {
  pair_of_sources() {
    fast->on_poll = [this](std::int64_t next) {
      if (together && !slow->ends && next > slow->most + drift.count())
        ran_away = true;
    };
  }

  std::shared_ptr<source_pace> slow = std::make_shared<source_pace>();
  std::shared_ptr<source_pace> fast = std::make_shared<source_pace>();
  std::atomic<bool> together{false}; // both know of each other
  std::atomic<bool> ran_away{false};
};

template <class Done>
void wait_until(running_job& job, Done done) {
  for (int i = 0; i < 2'000 && !done(); ++i)
    (void)job.wait(5ms);
  REQUIRE(done());
}

/// Lets each read a number, and waits until the fast one knows its limit.
void bring_together(pair_of_sources& pair, running_job& job) {
  pair.slow->gate = 1;
  pair.fast->gate = 1;
  wait_until(job, [&] {
    const std::string text = job.metrics();
    return text.find("flow_task_watermark_alignment_drift_ms{job=\"job\",task="
                     "\"fast source -> fast\"")
           != std::string::npos;
  });
  pair.together = true;
}

bool waits_for_group(running_job& job, const std::string& vertex) {
  for (const auto& each : job.status().subtasks)
    if (each.vertex == vertex
        && each.waiting_for.starts_with("sources of its group"))
      return true;
  return false;
}

} // namespace

TEST_CASE("in any order of messages a fast source keeps step with a slow one") {
  const std::uint64_t first_seed = test_seed();
  for (std::uint64_t seed = first_seed; seed < first_seed + 30; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random{seed};
    pair_of_sources pair;
    stream_environment env{test_options()};
    end_apart(aligned_numbers(env, "slow", pair.slow, drift, 10ms));
    end_apart(aligned_numbers(env, "fast", pair.fast, drift, 20ms));
    auto graph = env.build();
    REQUIRE(graph);
    simulated_cluster cluster{*graph, env.options()};
    pair.slow->gate = 1;
    pair.fast->gate = 1;
    while (pair.slow->read == 0 || pair.fast->read == 0)
      cluster.step(random);
    for (int i = 0; i < 100; ++i) { // time for reports and limits
      cluster.world.run();
      cluster.world.advance(1ms);
    }
    pair.together = true;
    pair.fast->gate = 100'000;
    pair.fast->ends = true;
    for (int i = 0; i < 20'000 && pair.slow->gate < 20'000; ++i) {
      cluster.step(random);
      if (random() % 50 == 0)
        pair.slow->gate += static_cast<std::int64_t>(random() % 100);
    }
    CHECK(pair.fast->read > drift.count()); // it did go on
    CHECK(pair.fast->read
          <= pair.slow->read + drift.count()
               + static_cast<std::int64_t>(limits::batch_target_records));
    pair.slow->ends = true;
    REQUIRE(cluster.run_to_end(random));
    CHECK(cluster.end->outcome == job_outcome::finished);
    CHECK(pair.fast->read == 100'000);
    CHECK_FALSE(pair.ran_away);
  }
}

TEST_CASE("aligned sources keep step over checkpoints and a restart") {
  job_options options = test_options();
  options.checkpoints.interval = duration_ms{3'600'000}; // only when asked
  options.restart.kind = restart_kind::fixed_delay;
  options.restart.fixed_delay = {3, duration_ms{1}};
  pair_of_sources pair;
  const auto failures = std::make_shared<std::atomic<int>>(0);
  stream_environment env{options};
  end_apart(aligned_numbers(env, "slow", pair.slow, drift, 1ms)
              .map([failures](std::int64_t x) {
                if (x == 150 && failures->fetch_add(1) == 0)
                  throw std::runtime_error("once");
                return x;
              }));
  end_apart(aligned_numbers(env, "fast", pair.fast, drift, 1ms));
  auto started = env.execute_async();
  REQUIRE_MESSAGE(started, (started ? "" : started.error().text));
  running_job& job = **started;
  bring_together(pair, job);
  pair.slow->gate = 100;
  pair.fast->gate = 100'000;
  wait_until(job, [&] { return pair.slow->read == 100; });
  wait_until(job, [&] { return waits_for_group(job, "fast source -> fast"); });
  CHECK(pair.fast->read > drift.count());

  job.take_checkpoint();
  wait_until(job, [&] { return job.checkpoints().completed == 1; });
  CHECK(waits_for_group(job, "fast source -> fast"));

  pair.slow->gate = 2'000; // it fails on the way, and goes on from 100
  wait_until(job, [&] { return pair.slow->begins == 100; });
  wait_until(job, [&] { return pair.slow->read == 2'000; });
  wait_until(job, [&] { return pair.fast->read > 2'000 - 2 + drift.count(); });
  CHECK(failures->load() == 2);

  pair.fast->ends = true;
  pair.slow->ends = true; // at 2,000; then the other need not wait
  const auto result = job.wait(20s);
  REQUIRE(result);
  CHECK(result->outcome == job_outcome::finished);
  CHECK(result->summary.restarts == 1);
  CHECK(pair.fast->read == 100'000);
  CHECK_FALSE(pair.ran_away);
}

TEST_CASE("an idle source does not hold up those that it is aligned with") {
  pair_of_sources pair;
  stream_environment env{test_options()};
  end_apart(aligned_numbers(env, "slow", pair.slow, drift, 1ms, 1ms));
  end_apart(aligned_numbers(env, "fast", pair.fast, drift, 1ms));
  auto started = env.execute_async();
  REQUIRE(started);
  running_job& job = **started;
  pair.slow->gate = 1;
  pair.fast->gate = 100'000;
  wait_until(job, [&] { return pair.fast->read == 100'000; });
  CHECK(pair.slow->read == 1);
  pair.slow->ends = true;
  pair.fast->ends = true;
  const auto result = job.wait(20s);
  REQUIRE(result);
  CHECK(result->outcome == job_outcome::finished);
}

TEST_CASE("the explained graph names the group and the drift") {
  pair_of_sources pair;
  stream_environment env{test_options()};
  end_apart(aligned_numbers(env, "slow", pair.slow, drift, 1s, 7ms));
  const auto text = env.explain(graph_format::text);
  REQUIRE(text);
  CHECK(
    text->find("watermarks: monotonous, idle after 7 ms, aligned in group g "
               "within 5000 ms\n")
    != std::string::npos);
}
