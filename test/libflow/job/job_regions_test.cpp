#include "libflow/job/job_regions.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>

#include "test/support/graph_builder.hpp"
#include "test/support/test_seed.hpp"

namespace job_regions_test {

using namespace flow;

namespace {

const error boom{error_code::user_function, "boom"};

restart_options fixed_delay(std::int64_t attempts) {
  restart_options options;
  options.kind = restart_kind::fixed_delay;
  options.fixed_delay = {attempts, duration_ms{200}};
  return options;
}

/// Pipelines without connection, one task each, and all they ask for, as text.
class driver {
public:
  explicit driver(int pipelines, const restart_options& restart = {})
    : graph_(pipelines_of(pipelines)), regions_(graph_, {}),
      job(regions_, make_restart_strategy(restart, [] { return 0.5; })) {
    REQUIRE(regions_.count() == static_cast<std::uint32_t>(pipelines));
  }

  void start() { note(job.start(now)); }
  void stop() { note(job.stop(now)); }
  void cancel() { note(job.cancel(now)); }
  void fail_all() { note(job.job_failed(boom, now)); }
  void restart_due(std::uint32_t region) {
    note(job.restart_due(region, job.attempt_of(region), now));
  }
  void change(std::uint32_t task, task_state state) {
    note(job.task_changed(task, job.attempt_of_task(task), state, now));
  }
  void fail(std::uint32_t task, error cause = boom) {
    note(
      job.task_failed(task, job.attempt_of_task(task), std::move(cause), now));
  }
  void bring_up(std::uint32_t task) {
    change(task, task_state::deploying);
    change(task, task_state::initializing);
    change(task, task_state::running);
  }
  void run() {
    start();
    for (std::uint32_t task = 0; task < regions_.task_count(); ++task)
      bring_up(task);
    asked.clear();
  }
  /// What was asked for since the last call.
  std::string take() { return std::exchange(asked, {}); }

  static execution_graph pipelines_of(int count) {
    test::graph_builder job;
    for (int i = 0; i < count; ++i) {
      const auto name = std::to_string(i);
      job.source("read " + name).sink("write " + name);
    }
    return job.execution();
  }

private:
  const execution_graph graph_;
  const failover_regions regions_;

public:
  job_regions job;
  timestamp now = 1000;

private:
  void note(const job_regions::steps& steps) {
    for (const region_step& each : steps) {
      asked += asked.empty() ? "" : " ";
      asked += std::to_string(each.region) + ":";
      asked += to_string(each.step.action);
      if (each.step.action == job_action::await_restart)
        asked += ":" + std::to_string(each.step.restart_delay.count());
    }
  }

  std::string asked;
};

} // namespace

TEST_CASE("a region that fails starts again alone") {
  driver d{2, fixed_delay(1)};
  d.run();
  REQUIRE(d.job.state() == job_state::running);
  d.fail(1);
  CHECK(d.take() == "1:cancel_tasks 1:await_restart:200");
  CHECK(d.job.state() == job_state::restarting);
  CHECK(d.job.state_of(0) == job_state::running);
  CHECK_FALSE(d.job.all_run());
  d.restart_due(1);
  CHECK(d.take() == "1:deploy_tasks");
  d.bring_up(1);
  CHECK(d.job.all_run());
  CHECK(d.job.attempt_of_task(0) == 1);
  CHECK(d.job.attempt_of_task(1) == 2);
  CHECK(d.job.restarts() == 1);
  d.change(0, task_state::finished);
  CHECK(d.take().empty());
  d.change(1, task_state::finished);
  CHECK(d.take() == "1:report_end");
  CHECK(d.job.state() == job_state::finished);
}

TEST_CASE("the failures of all regions count for the job's strategy") {
  driver d{2, fixed_delay(1)};
  d.run();
  d.fail(0);
  d.restart_due(0);
  d.bring_up(0);
  d.take();
  d.fail(1);
  CHECK(d.take() == "1:cancel_tasks 0:cancel_tasks");
  CHECK(d.job.state() == job_state::cancelling);
  CHECK(d.job.cause()->text == "boom");
  d.change(0, task_state::cancelled);
  CHECK(d.take() == "0:report_end");
  CHECK(d.job.state() == job_state::failed);
}

TEST_CASE("regions that fail together are one failure") {
  driver d{3, fixed_delay(1)};
  d.run();
  d.fail(0);
  d.now += 50;
  d.fail(2);
  CHECK(d.take()
        == "0:cancel_tasks 0:await_restart:200 "
           "2:cancel_tasks 2:await_restart:150");
  d.now += 150;
  d.restart_due(0);
  d.restart_due(2);
  d.bring_up(0);
  d.bring_up(2);
  CHECK(d.job.all_run());
  CHECK(d.job.restarts() == 1);
  CHECK(d.job.attempt_of_task(1) == 1);
  d.take();
  d.fail(1); // the strategy's only attempt is used up
  CHECK(d.job.state() == job_state::cancelling);
}

TEST_CASE("a clock that goes backwards makes no delay longer") {
  driver d{2, fixed_delay(1)};
  d.run();
  d.fail(0);
  d.now -= 5000;
  d.fail(1);
  CHECK(d.take().ends_with("1:await_restart:200"));
}

TEST_CASE("a fatal failure of one region ends the job") {
  driver d{2, fixed_delay(5)};
  d.run();
  d.fail(0,
         {error_code::user_function, "beyond repair", error_severity::fatal});
  CHECK(d.take() == "0:cancel_tasks 1:cancel_tasks");
  d.change(1, task_state::cancelled);
  CHECK(d.take() == "1:report_end");
  CHECK(d.job.state() == job_state::failed);
  CHECK(d.job.cause()->text == "beyond repair");
}

TEST_CASE("a region that has ended stays so when another fails") {
  driver d{2, fixed_delay(1)};
  d.run();
  d.change(0, task_state::finished);
  d.fail(1);
  d.restart_due(1);
  d.bring_up(1);
  CHECK(d.job.state_of(0) == job_state::finished);
  CHECK(d.job.state() == job_state::running);
  d.take();
  d.stop();
  CHECK(d.take() == "1:stop_sources");
  d.change(1, task_state::finished);
  CHECK(d.job.state() == job_state::stopped);
}

TEST_CASE("commands and failures of the job reach every region") {
  driver d{2, fixed_delay(1)};
  d.run();
  d.fail_all();
  CHECK(d.take() == "0:cancel_tasks 1:cancel_tasks");
  d.change(0, task_state::cancelled);
  d.change(1, task_state::cancelled);
  CHECK(d.job.state() == job_state::restarting);
  d.cancel();
  CHECK(d.take() == "0:await_restart:200 1:await_restart:200 1:report_end");
  CHECK(d.job.state() == job_state::cancelled);
}

TEST_CASE("whatever happens the end is told once") {
  std::minstd_rand random{
    static_cast<std::minstd_rand::result_type>(test_seed())};
  for (int round = 0; round < 300; ++round) {
    driver d{3, fixed_delay(2)};
    d.start();
    std::string all;
    for (int step = 0; step < 400 && !is_terminal(d.job.state()); ++step) {
      const auto task = static_cast<std::uint32_t>(random() % 3);
      switch (d.job.task(task)) {
      case task_state::scheduled:
        d.change(task, task_state::deploying);
        break;
      case task_state::deploying:
        d.change(task, task_state::initializing);
        break;
      case task_state::initializing:
        d.change(task, task_state::running);
        break;
      case task_state::running:
        if (random() % 4 == 0)
          d.change(task, task_state::finished);
        else if (random() % 3 == 0)
          d.fail(task);
        break;
      case task_state::cancelling:
        d.change(task, task_state::cancelled);
        break;
      default:
        d.restart_due(task);
      }
      if (random() % 100 == 0)
        d.cancel();
      d.now += 10;
      all += d.take() + " ";
    }
    REQUIRE(is_terminal(d.job.state()));
    const auto first = all.find("report_end");
    REQUIRE(first != std::string::npos);
    CHECK(all.find("report_end", first + 1) == std::string::npos);
  }
}

} // namespace job_regions_test
