#include "libflow/checkpoint/checkpoint_coordinator.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

using namespace flow;
using std::chrono::milliseconds;

namespace {

std::string numbers(const std::vector<std::uint32_t>& all) {
  std::string text;
  for (const auto each : all)
    text += (text.empty() ? "" : ",") + std::to_string(each);
  return text;
}

std::string text_of(const checkpoint_step& step) {
  const std::string id = std::to_string(step.id);
  switch (step.what) {
  case checkpoint_step::kind::trigger:
    return "trigger " + id + " at tasks " + numbers(step.tasks)
           + (step.coordinators.empty()
                ? ""
                : ", coordinators " + numbers(step.coordinators));
  case checkpoint_step::kind::publish:
    return "publish " + id;
  case checkpoint_step::kind::notify_completed:
    return "completed " + id;
  case checkpoint_step::kind::notify_aborted:
    return "aborted " + id + ": " + std::string{to_string(step.failure)};
  case checkpoint_step::kind::discard:
    return "discard " + id;
  case checkpoint_step::kind::discard_unfinished:
    return "discard unfinished " + id;
  case checkpoint_step::kind::fail_job:
    return "fail: " + step.cause->text;
  }
  return {};
}

/// Two sources (tasks 0 and 1, of vertex 0) and a sink (task 2).
class bench {
public:
  explicit bench(checkpoint_options options, bool with_coordinator = false,
                 std::uint64_t next_id = 1,
                 std::vector<std::uint64_t> retained = {})
    : it(std::move(options), plan(with_coordinator), next_id,
         std::move(retained)) {
    it.attempt_begins(1);
    say("running", it.attempt_running(1, now));
  }

  static checkpoint_options every(milliseconds interval) {
    checkpoint_options options;
    options.interval = interval;
    return options;
  }

  static checkpoint_plan plan(bool with_coordinator) {
    checkpoint_plan result;
    result.vertices.resize(2);
    result.tasks = {{0, 0, {}}, {0, 1, {}}, {1, 0, {0, 1}}};
    if (with_coordinator)
      result.coordinators = {0};
    return result;
  }

  void say(const std::string& event,
           const checkpoint_coordinator::steps& done) {
    trace += std::to_string(now / milliseconds{1}) + " ms " + event + "\n";
    for (const auto& step : done) {
      trace += "  " + text_of(step) + "\n";
      if (step.what == checkpoint_step::kind::publish)
        published = step.metadata;
    }
  }

  void pass(milliseconds time) {
    now += time;
    say("tick", it.tick(now, now / milliseconds{1}));
  }
  void ack(std::uint32_t task, std::uint64_t id,
           subtask_stage stage = subtask_stage::running,
           std::uint32_t attempt = 1) {
    checkpoint_ack what;
    what.holds_union_list = united && task < 2;
    what.task = task;
    what.attempt = attempt;
    what.checkpoint_id = id;
    what.state.stage = stage;
    say("task " + std::to_string(task) + " acknowledges " + std::to_string(id),
        it.acknowledged(what, now));
  }
  void ack_all(std::uint64_t id, subtask_stage stage = subtask_stage::running) {
    for (std::uint32_t task = 0; task < 3; ++task)
      ack(task, id, stage);
  }
  void decline(std::uint32_t task, std::uint64_t id, bool counted) {
    say("task " + std::to_string(task) + " declines " + std::to_string(id),
        it.declined(task, 1, id, counted, "disk full", now));
  }
  void stored(std::uint64_t id) {
    say("stored " + std::to_string(id), it.stored(id, now));
  }
  void at_end(std::uint32_t task) {
    say("task " + std::to_string(task) + " is at its end",
        it.task_at_end(task, 1, now));
  }
  void finished(std::uint32_t task) {
    say("task " + std::to_string(task) + " has finished",
        it.task_finished(task, 1, now));
  }

  checkpoint_coordinator it;
  bool united = false; // the sources hold a union list
  milliseconds since{0};
  std::chrono::nanoseconds now{0};
  std::string trace;
  std::shared_ptr<const checkpoint_metadata> published;
};

/// The trace is as the golden file has it.
void check_golden(const bench& run, const std::string& name) {
  const std::string path = "test/golden/checkpoints/" + name + ".txt";
  if (std::getenv("FLOW_UPDATE_GOLDEN") != nullptr)
    std::ofstream{path} << run.trace;
  std::ifstream file{path};
  std::ostringstream golden;
  golden << file.rdbuf();
  CHECK(run.trace == golden.str());
}

} // namespace

TEST_CASE("a checkpoint from its trigger to its end") {
  bench run{bench::every(milliseconds{100}), true};
  run.pass(milliseconds{99});
  run.pass(milliseconds{1});
  run.ack_all(1);
  run.say("coordinator acknowledges 1",
          run.it.coordinator_acknowledged(0, 1, 1, {std::byte{5}}, run.now));
  REQUIRE(run.published);
  CHECK(run.published->vertices[0].coordinator->size() == 1);
  CHECK(run.published->vertices[0].subtasks.size() == 2);
  run.stored(1);
  run.pass(milliseconds{100});
  run.ack_all(2);
  run.say("coordinator acknowledges 2",
          run.it.coordinator_acknowledged(0, 1, 2, {}, run.now));
  run.stored(2);
  check_golden(run, "completed");
  CHECK(run.it.latest_completed() == 2);
  CHECK(run.it.history().completed == 2);
}

TEST_CASE("a newer checkpoint subsumes an older one") {
  auto options = bench::every(milliseconds{100});
  options.max_concurrent = 2;
  options.num_retained = 2;
  bench run{options, false, 8, {6, 7}};
  run.pass(milliseconds{100});
  run.pass(milliseconds{100});
  run.pass(milliseconds{100}); // as many as allowed are under way
  run.ack(0, 8);
  run.ack_all(9);
  run.stored(9);
  run.ack(1, 8); // too late
  check_golden(run, "subsumed");
}

TEST_CASE("a declined checkpoint fails the job when they are too many") {
  auto options = bench::every(milliseconds{100});
  options.tolerable_failures = 1;
  bench run{options};
  run.pass(milliseconds{100});
  run.decline(2, 1, true);
  run.pass(milliseconds{100});
  run.decline(2, 2, false); // a consequence does not count
  run.pass(milliseconds{100});
  run.ack_all(3);
  run.stored(3); // and success begins anew
  run.pass(milliseconds{100});
  run.decline(2, 4, true);
  run.pass(milliseconds{100});
  run.decline(0, 5, true);
  check_golden(run, "declined");
}

TEST_CASE("a checkpoint that takes too long expires") {
  auto options = bench::every(milliseconds{100});
  options.timeout = milliseconds{250};
  options.tolerable_failures = 5;
  bench run{options};
  run.pass(milliseconds{100});
  run.ack(0, 1);
  CHECK((run.it.awaited() == std::vector<std::uint32_t>{1, 2}));
  CHECK(run.it.wake_at() == milliseconds{350});
  run.pass(milliseconds{250});
  run.ack(1, 1);
  check_golden(run, "expired");
}

TEST_CASE("metadata that cannot be stored gives the checkpoint up") {
  bench run{bench::every(milliseconds{100})};
  run.pass(milliseconds{100});
  run.ack_all(1);
  run.say("not stored 1",
          run.it.store_failed(1, {error_code::io, "no space"}, run.now));
  check_golden(run, "not-stored");
  CHECK_FALSE(run.it.latest_completed().has_value());
}

TEST_CASE("a job that has read everything ends with a checkpoint") {
  bench run{bench::every(std::chrono::hours{1})};
  run.at_end(0);
  run.at_end(1);
  run.pass(milliseconds{1});
  run.at_end(2);
  run.pass(milliseconds{1}); // at once, whatever the interval
  run.ack_all(1, subtask_stage::ended);
  run.stored(1);
  REQUIRE(run.published);
  CHECK(all_ended(*run.published));
  for (std::uint32_t task = 0; task < 3; ++task)
    run.finished(task);
  run.pass(milliseconds{1});
  check_golden(run, "end-of-data");
}

TEST_CASE(
  "none follows the last one, whose news is told until all have ended") {
  bench run{bench::every(milliseconds{100})};
  for (std::uint32_t task = 0; task < 3; ++task)
    run.at_end(task);
  run.pass(milliseconds{1});
  run.ack_all(1);
  run.stored(1);
  run.finished(0); // the others have missed it
  run.pass(milliseconds{499});
  checkpoint_coordinator::steps steps;
  CHECK_FALSE(run.it.trigger(0, run.now, 0, steps).has_value());
  CHECK(run.it.wake_at() == milliseconds{501});
  run.pass(milliseconds{1});
  run.finished(1);
  run.pass(milliseconds{500});
  run.finished(2);
  CHECK_FALSE(run.it.wake_at().has_value());
  run.pass(milliseconds{500});
  check_golden(run, "last-retold");
}

TEST_CASE("a last one that fails is taken again") {
  auto options = bench::every(milliseconds{100});
  options.tolerable_failures = 1;
  bench run{options};
  for (std::uint32_t task = 0; task < 3; ++task)
    run.at_end(task);
  run.pass(milliseconds{1});
  run.decline(1, 1, true);
  CHECK(run.it.wake_at() == milliseconds{101}); // not as fast as it can fail
  run.pass(milliseconds{99});
  run.pass(milliseconds{1});
  run.ack_all(2);
  run.stored(2);
  run.pass(milliseconds{1});
  check_golden(run, "last-declined");
}

TEST_CASE("one that finds all tasks ended is the last") {
  auto options = bench::every(milliseconds{100});
  options.max_concurrent = 2;
  bench run{options};
  run.at_end(0);
  run.at_end(1);
  run.pass(milliseconds{100});
  run.pass(milliseconds{100});
  run.at_end(2);
  run.ack_all(1, subtask_stage::ended);
  run.stored(1);
  run.pass(milliseconds{100});
  check_golden(run, "last-by-chance");
}

TEST_CASE("a job that stops takes the last checkpoint and no other") {
  auto options = bench::every(milliseconds{100});
  options.max_concurrent = 3;
  bench run{options};
  run.pass(milliseconds{100});
  run.ack_all(1);
  run.pass(milliseconds{100});
  run.say("the job stops", run.it.job_stops(run.now));
  run.ack_all(2); // too late: it may be from behind the end of a source
  run.stored(1);
  run.at_end(0);
  CHECK(run.it.wake_at() == milliseconds{700}); // to tell it again
  run.pass(milliseconds{100});
  run.at_end(1);
  run.at_end(2);
  run.pass(milliseconds{1});
  run.ack_all(3);
  run.stored(3);
  run.finished(2);
  run.pass(milliseconds{1});
  check_golden(run, "stopped");
  CHECK(run.it.latest_completed() == 3);
}

TEST_CASE("a job that restarts may stop again") {
  bench run{bench::every(milliseconds{100})};
  run.say("the job stops", run.it.job_stops(run.now));
  for (std::uint32_t task = 0; task < 3; ++task)
    run.at_end(task);
  run.pass(milliseconds{1});
  run.ack_all(1);
  run.stored(1);
  run.finished(0);
  run.say("the attempt fails", run.it.attempt_ended());
  run.it.attempt_begins(2);
  run.say("running", run.it.attempt_running(2, run.now));
  run.pass(milliseconds{100});
  CHECK(run.it.awaited().empty());
  for (std::uint32_t task = 0; task < 3; ++task)
    CHECK(run.it.task_at_end(task, 2, run.now).empty());
  CHECK(run.it.wake_at() == milliseconds{0});
  run.pass(milliseconds{1});
  CHECK(run.it.awaited().size() == 3);
}

TEST_CASE("a region that fails behind the last checkpoint of a stop is lost") {
  auto plan = bench::plan(false);
  plan.tasks.push_back({0, 2, {}, 1});
  checkpoint_coordinator it{bench::every(milliseconds{100}), plan, 1};
  for (const std::uint32_t region : {0U, 1U}) {
    CHECK(it.attempt_begins(1, region).empty());
    it.attempt_running(1, milliseconds{0}, region);
  }
  it.job_stops(milliseconds{0});
  for (std::uint32_t task = 0; task < 4; ++task)
    it.task_at_end(task, 1, milliseconds{0});
  it.tick(milliseconds{1}, 0);
  for (std::uint32_t task = 0; task < 4; ++task) {
    checkpoint_ack ack;
    ack.task = task;
    ack.attempt = 1;
    ack.checkpoint_id = 1;
    it.acknowledged(ack, milliseconds{1});
  }
  it.stored(1, milliseconds{1});
  it.task_finished(3, 1, milliseconds{1});
  it.attempt_ended(0);
  const auto steps = it.attempt_begins(2, 0);
  REQUIRE(steps.size() == 1);
  CHECK(steps[0].what == checkpoint_step::kind::fail_job);
  CHECK(steps[0].cause->severity == error_severity::fatal);
}

TEST_CASE("finished tasks do not acknowledge; barriers begin behind them") {
  bench run{bench::every(milliseconds{100})};
  run.finished(0);
  run.pass(milliseconds{100});
  run.ack(1, 1);
  run.ack(2, 1);
  REQUIRE(run.published);
  CHECK(run.published->vertices[0].subtasks[0].stage
        == subtask_stage::finished);
  run.stored(1);
  run.finished(1);
  run.pass(milliseconds{100});
  run.ack(2, 2);
  run.stored(2);
  run.pass(milliseconds{100});
  run.finished(2); // instead of an acknowledgement
  check_golden(run, "finished-tasks");
}

TEST_CASE("with a union list none or all tasks of a vertex are at their end") {
  bench job{bench::every(milliseconds{10})};
  job.united = true;
  job.pass(milliseconds{10});
  job.at_end(0);
  job.ack(0, 1, subtask_stage::ended);
  job.ack(1, 1);
  job.ack(2, 1);
  CHECK(job.it.history().reports().back().failure.starts_with(
    "partly ended: some subtasks of"));
  job.pass(milliseconds{10});
  job.at_end(1);
  job.ack(0, 2, subtask_stage::ended);
  job.ack(1, 2, subtask_stage::ended);
  job.ack(2, 2);
  job.stored(2);
  CHECK(job.trace == R"(0 ms running
10 ms tick
  trigger 1 at tasks 0,1
10 ms task 0 is at its end
10 ms task 0 acknowledges 1
10 ms task 1 acknowledges 1
10 ms task 2 acknowledges 1
  aborted 1: partly ended
  discard unfinished 1
20 ms tick
  trigger 2 at tasks 0,1
20 ms task 1 is at its end
20 ms task 0 acknowledges 2
20 ms task 1 acknowledges 2
20 ms task 2 acknowledges 2
  publish 2
20 ms stored 2
  completed 2
)");
}

TEST_CASE("a stop takes what tasks with a union list have, ended or not") {
  bench job{bench::every(milliseconds{10})};
  job.united = true;
  job.say("stops", job.it.job_stops(job.now));
  job.at_end(0);
  job.at_end(1);
  job.at_end(2);
  job.pass(milliseconds{10});
  job.ack(0, 1, subtask_stage::ended);
  job.ack(1, 1);
  job.ack(2, 1);
  CHECK(job.published != nullptr);
}

TEST_CASE("a task that has ended meanwhile cannot decline") {
  bench run{bench::every(milliseconds{100})};
  run.pass(milliseconds{100});
  run.finished(0);
  run.decline(0, 1, true);
  run.ack(1, 1);
  run.ack(2, 1);
  CHECK(run.published);
}

TEST_CASE("what another attempt says is dropped") {
  bench run{bench::every(milliseconds{100})};
  run.pass(milliseconds{100});
  run.ack_all(1);
  run.say("the attempt fails", run.it.attempt_ended());
  run.it.attempt_begins(2);
  // It was on its way to the disk: it is complete, and nobody is told.
  run.stored(1);
  run.say("running", run.it.attempt_running(2, run.now));
  run.pass(milliseconds{100});
  run.ack_all(2); // of attempt 1
  run.say("the attempt fails", run.it.attempt_ended());
  check_golden(run, "attempts");
  CHECK(run.it.latest_completed() == 1);
}

TEST_CASE("a restart does not put off the next checkpoint") {
  bench run{bench::every(milliseconds{100})};
  run.pass(milliseconds{100});
  run.ack_all(1);
  run.stored(1);
  run.say("the attempt fails", run.it.attempt_ended());
  run.now += milliseconds{30};
  run.it.attempt_begins(2);
  run.say("running", run.it.attempt_running(2, run.now));
  CHECK(run.it.wake_at() == milliseconds{200});
  run.say("the attempt fails", run.it.attempt_ended());
  run.now += milliseconds{300}; // it takes long: the next one is overdue
  run.it.attempt_begins(3);
  run.say("running", run.it.attempt_running(3, run.now));
  CHECK(run.it.wake_at() == run.now);
  run.pass(milliseconds{0});
  CHECK(run.it.wake_at() == run.now + milliseconds{600'000}); // its timeout
}

TEST_CASE("a checkpoint that a failure has cut off is taken anew at once") {
  bench run{bench::every(milliseconds{100})};
  run.pass(milliseconds{100});
  run.ack(0, 1);
  run.now += milliseconds{10};
  run.say("the attempt fails", run.it.attempt_ended());
  run.it.attempt_begins(2);
  run.say("running", run.it.attempt_running(2, run.now));
  CHECK(run.it.wake_at() == run.now);
}

TEST_CASE("a pause follows the end of a checkpoint") {
  auto options = bench::every(milliseconds{100});
  options.min_pause = milliseconds{80};
  bench run{options};
  run.pass(milliseconds{100});
  run.ack_all(1);
  run.now += milliseconds{70};
  run.stored(1);
  CHECK(run.it.wake_at() == milliseconds{250});
  run.pass(milliseconds{79});
  run.pass(milliseconds{1});
  check_golden(run, "pause");
}

TEST_CASE("without an interval only a command or the end takes one") {
  bench run{checkpoint_options{}};
  CHECK_FALSE(run.it.wake_at().has_value());
  checkpoint_coordinator::steps steps;
  CHECK(run.it.trigger(0, run.now, 0, steps) == 1);
  CHECK_FALSE(run.it.trigger(0, run.now, 0, steps).has_value());
  CHECK(steps.size() == 1);
}
