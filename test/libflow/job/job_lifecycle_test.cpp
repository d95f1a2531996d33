#include "libflow/job/job_lifecycle.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <random>
#include <string>

namespace job_lifecycle_test {

using namespace flow;

namespace {

std::uint64_t test_seed() {
  const char* text = std::getenv("FLOW_TEST_SEED");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : 20260101;
}

restart_options fixed_delay(std::int64_t attempts) {
  restart_options options;
  options.kind = restart_kind::fixed_delay;
  options.fixed_delay = {attempts, duration_ms{200}};
  return options;
}

// A lifecycle and everything it asked for, as one line.
class driver {
public:
  explicit driver(std::size_t tasks, const restart_options& restart = {})
    : job(tasks, make_restart_strategy(restart, [] { return 0.5; })) {}

  void start() { note(job.start()); }
  void cancel() { note(job.cancel(now)); }
  void stop() { note(job.stop(now)); }
  void suspend() { note(job.suspend()); }
  void restart_due() { note(job.restart_due(job.attempt())); }

  void change(std::size_t task, task_state state) {
    note(job.task_changed(task, job.attempt(), state, now));
  }

  void fail(std::size_t task,
            error cause = {error_code::user_function, "boom"}) {
    note(job.task_failed(task, job.attempt(), std::move(cause), now));
  }

  void bring_up(std::size_t task) {
    change(task, task_state::deploying);
    change(task, task_state::initializing);
    change(task, task_state::running);
  }

  void bring_all_up() {
    for (std::size_t i = 0; i < job.task_count(); ++i)
      bring_up(i);
  }

  void note(const job_lifecycle::steps& steps) {
    for (const job_step& step : steps) {
      actions += actions.empty() ? "" : " ";
      actions += to_string(step.action);
      if (step.restart_delay.count() > 0)
        actions.append(":").append(std::to_string(step.restart_delay.count()));
    }
  }

  job_lifecycle job;
  timestamp now = 1000;
  std::string actions;
};

} // namespace

TEST_CASE("a job runs once all its subtasks run and finishes with the last") {
  driver d{2};
  CHECK(d.job.state() == job_state::created);
  d.start();
  CHECK(d.job.state() == job_state::scheduling);
  d.bring_up(0);
  CHECK(d.job.state() == job_state::scheduling);
  d.bring_up(1);
  CHECK(d.job.state() == job_state::running);
  d.change(1, task_state::finished);
  CHECK(d.job.state() == job_state::running);
  d.change(0, task_state::finished);
  CHECK(d.job.state() == job_state::finished);
  CHECK(d.actions == "deploy_tasks report_end");
  CHECK(d.job.restarts() == 0);
}

TEST_CASE("a subtask may finish before another has started") {
  driver d{2};
  d.start();
  d.bring_up(0);
  d.change(0, task_state::finished);
  CHECK(d.job.state() == job_state::scheduling);
  d.bring_up(1);
  CHECK(d.job.state() == job_state::running);
  d.change(1, task_state::finished);
  CHECK(d.job.state() == job_state::finished);
}

TEST_CASE("a failure cancels the others, then fails the job") {
  driver d{3};
  d.start();
  d.bring_all_up();
  d.fail(1);
  CHECK(d.job.state() == job_state::failing);
  CHECK(d.job.task(0) == task_state::cancelling);
  CHECK(d.job.task(1) == task_state::failed);
  d.change(0, task_state::cancelled);
  CHECK(d.job.state() == job_state::failing);
  d.change(2, task_state::finished);
  CHECK(d.job.state() == job_state::failed);
  CHECK(d.job.cause()->text == "boom");
  CHECK(d.actions == "deploy_tasks cancel_tasks report_end");
}

TEST_CASE("the first error is the one that is reported") {
  driver d{2};
  d.start();
  d.bring_all_up();
  d.fail(0, {error_code::io, "first"});
  d.fail(1, {error_code::io, "second"});
  CHECK(d.job.state() == job_state::failed);
  CHECK(d.job.cause()->text == "first");
}

TEST_CASE("a failure during deployment waits for those already deployed") {
  driver d{3};
  d.start();
  d.bring_up(0);
  d.change(1, task_state::deploying);
  d.fail(1);
  CHECK(d.job.task(2) == task_state::cancelled);
  CHECK(d.job.state() == job_state::failing);
  d.change(0, task_state::cancelled);
  CHECK(d.job.state() == job_state::failed);
}

TEST_CASE("a job without slots fails at once") {
  driver d{3};
  d.start();
  d.note(d.job.deployment_failed(1, {error_code::invalid_argument, "none"}, 0));
  CHECK(d.job.state() == job_state::failed);
  CHECK(d.job.cause()->text == "none");
  CHECK(d.actions == "deploy_tasks cancel_tasks report_end");
}

TEST_CASE("a restart waits, deploys a new attempt and forgets the old one") {
  driver d{2, fixed_delay(1)};
  d.start();
  d.bring_all_up();
  d.fail(0);
  d.change(1, task_state::cancelled);
  CHECK(d.job.state() == job_state::restarting);
  CHECK(d.actions == "deploy_tasks cancel_tasks await_restart:200");
  d.restart_due();
  CHECK(d.job.state() == job_state::scheduling);
  CHECK(d.job.attempt() == 2);
  CHECK(d.job.restarts() == 1);
  CHECK(d.job.task(0) == task_state::scheduled);

  d.note(d.job.task_changed(0, 1, task_state::finished, 0));
  d.note(d.job.task_failed(1, 1, {error_code::io, "stale"}, 0));
  d.note(d.job.deployment_failed(1, {error_code::io, "stale"}, 0));
  d.note(d.job.restart_due(1));
  CHECK(d.job.state() == job_state::scheduling);
  CHECK(d.job.task(0) == task_state::scheduled);

  d.bring_all_up();
  d.fail(0);
  d.change(1, task_state::cancelled);
  CHECK(d.job.state() == job_state::failed);
}

TEST_CASE("reports that come twice, or late, say nothing new") {
  driver d{2, fixed_delay(1)};
  d.start();
  d.bring_all_up();
  d.change(0, task_state::initializing);
  d.change(0, task_state::running);
  CHECK(d.job.task(0) == task_state::running);
  d.change(0, task_state::finished);
  d.change(0, task_state::running);
  d.change(0, task_state::finished);
  d.fail(0);
  CHECK(d.job.task(0) == task_state::finished);
  CHECK(d.job.state() == job_state::running);

  d.fail(1);
  CHECK(d.job.state() == job_state::restarting);
  d.fail(1, {error_code::io, "again"});
  d.change(1, task_state::running);
  CHECK(d.job.state() == job_state::restarting);
  CHECK(d.job.task(1) == task_state::failed);
  CHECK(d.job.cause()->text == "boom");
  CHECK(d.actions == "deploy_tasks cancel_tasks await_restart:200");
}

TEST_CASE("a fatal error is not retried") {
  driver d{1, fixed_delay(5)};
  d.start();
  d.bring_all_up();
  d.fail(0, {error_code::user_function, "no", error_severity::fatal});
  CHECK(d.job.state() == job_state::failed);
}

TEST_CASE("a stop ends the sources and waits for what was read") {
  driver d{2};
  d.start();
  d.bring_all_up();
  d.stop();
  d.stop();
  CHECK(d.job.state() == job_state::stopping);
  d.change(0, task_state::finished);
  d.change(1, task_state::finished);
  CHECK(d.job.state() == job_state::stopped);
  CHECK(d.actions == "deploy_tasks stop_sources report_end");
}

TEST_CASE("a stop before all run is carried out once they do") {
  driver d{2};
  d.start();
  d.bring_up(0);
  d.stop();
  CHECK(d.job.state() == job_state::scheduling);
  d.bring_up(1);
  CHECK(d.job.state() == job_state::stopping);
}

TEST_CASE("a stop outlives a restart") {
  driver d{1, fixed_delay(1)};
  d.start();
  d.bring_all_up();
  d.fail(0);
  CHECK(d.job.state() == job_state::restarting);
  d.stop();
  d.restart_due();
  d.bring_all_up();
  CHECK(d.job.state() == job_state::stopping);
}

TEST_CASE("a stop meets a job whose subtasks have all finished before") {
  driver d{2};
  d.start();
  d.bring_up(0);
  d.change(0, task_state::finished);
  d.stop();
  d.bring_up(1);
  d.change(1, task_state::finished);
  CHECK(d.job.state() == job_state::stopped);
}

TEST_CASE("a cancel waits for every live subtask and for no other") {
  driver d{4};
  d.start();
  d.bring_up(0);
  d.change(1, task_state::deploying);
  d.change(2, task_state::deploying);
  d.change(2, task_state::initializing);
  d.cancel();
  CHECK(d.job.state() == job_state::cancelling);
  CHECK(d.job.task(3) == task_state::cancelled);
  d.change(1, task_state::initializing); // reported before the command came
  CHECK(d.job.task(1) == task_state::cancelling);
  d.change(0, task_state::finished);
  d.change(1, task_state::cancelled);
  d.fail(2);
  CHECK(d.job.state() == job_state::cancelled);
  CHECK_FALSE(d.job.cause().has_value());
  CHECK(d.actions == "deploy_tasks cancel_tasks report_end");
}

TEST_CASE("a cancel in any state ends the job") {
  SUBCASE("created") {
    driver d{1};
    d.cancel();
    CHECK(d.job.state() == job_state::cancelled);
    CHECK(d.actions == "report_end");
  }
  SUBCASE("scheduling, nothing deployed") {
    driver d{1};
    d.start();
    d.cancel();
    CHECK(d.job.state() == job_state::cancelled);
  }
  SUBCASE("stopping") {
    driver d{1};
    d.start();
    d.bring_all_up();
    d.stop();
    d.cancel();
    d.change(0, task_state::cancelled);
    CHECK(d.job.state() == job_state::cancelled);
  }
  SUBCASE("failing") {
    driver d{2, fixed_delay(5)};
    d.start();
    d.bring_all_up();
    d.fail(0);
    d.cancel();
    d.change(1, task_state::cancelled);
    CHECK(d.job.state() == job_state::cancelled);
  }
  SUBCASE("restarting") {
    driver d{1, fixed_delay(5)};
    d.start();
    d.bring_all_up();
    d.fail(0);
    d.cancel();
    CHECK(d.job.state() == job_state::cancelled);
    d.restart_due();
    CHECK(d.job.state() == job_state::cancelled);
  }
  SUBCASE("finished: the job keeps its outcome") {
    driver d{1};
    d.start();
    d.bring_all_up();
    d.change(0, task_state::finished);
    d.cancel();
    d.stop();
    CHECK(d.job.state() == job_state::finished);
  }
}

TEST_CASE("a suspended job ignores what its subtasks still report") {
  driver d{2};
  d.start();
  d.bring_all_up();
  d.suspend();
  d.change(0, task_state::finished);
  d.fail(1);
  CHECK(d.job.state() == job_state::suspended);
  CHECK(d.actions == "deploy_tasks report_end");
}

// Something that a subtask has said before.
void repeat_a_report(driver& d, std::mt19937_64& random) {
  const std::size_t task = random() % d.job.task_count();
  const task_state at = d.job.task(task);
  const auto asked = d.actions;
  if (at == task_state::failed)
    d.fail(task);
  else if (at > task_state::scheduled && at != task_state::cancelling)
    d.change(task, at);
  CHECK(d.job.task(task) == at);
  CHECK(d.actions == asked);
}

// Subtasks that obey, finish or fail as the seed has it; whatever happens the
// job ends, and its end is the last thing it asks for.
TEST_CASE("every random life of a job ends") {
  const std::uint64_t seed = test_seed();
  MESSAGE("seed ", seed);
  std::mt19937_64 random{seed};
  for (int run = 0; run < 2000; ++run) {
    CAPTURE(run);
    driver d{1 + random() % 5, fixed_delay(2)};
    d.start();
    for (int step = 0; step < 10'000 && !is_terminal(d.job.state()); ++step) {
      if (random() % 200 == 0)
        d.cancel();
      if (random() % 100 == 0)
        d.stop();
      d.restart_due();
      repeat_a_report(d, random);
      const std::size_t task = random() % d.job.task_count();
      const task_state at = d.job.task(task);
      const bool fails = random() % 20 == 0;
      if (at == task_state::cancelling)
        d.change(task, fails ? task_state::finished : task_state::cancelled);
      else if (is_alive(at) && fails)
        d.fail(task);
      else if (at == task_state::scheduled)
        d.change(task, task_state::deploying);
      else if (at == task_state::deploying)
        d.change(task, task_state::initializing);
      else if (at == task_state::initializing)
        d.change(task, task_state::running);
      else if (at == task_state::running)
        d.change(task, task_state::finished);
    }
    REQUIRE(is_terminal(d.job.state()));
    CHECK(d.actions.ends_with("report_end"));
    CHECK(d.actions.find("report_end") + 10 == d.actions.size());
    for (std::size_t i = 0; i < d.job.task_count(); ++i)
      CHECK_FALSE(is_alive(d.job.task(i)));
  }
}

} // namespace job_lifecycle_test
