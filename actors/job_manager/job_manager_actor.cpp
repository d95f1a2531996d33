#include "actors/job_manager/job_manager_actor.hpp"

#include <algorithm>
#include <random>

#include "actors/checkpoint_coordinator/checkpoint_coordinator_actor.hpp"
#include "actors/job_manager/checkpoint_plan.hpp"

namespace flow {

FLOW_ATOM(restartdue)
FLOW_ATOM(overdue)
FLOW_ATOM(limitsdue)

namespace {

/// Seeded from the system once a job, so that jobs that failed together do
/// not come back together.
jitter_source random_jitter() {
  return [engine = std::minstd_rand{std::random_device{}()}]() mutable {
    return std::uniform_real_distribution<double>{0, 1}(engine);
  };
}

/// How long a subtask may take to say why it waits, before the report goes
/// out without it: it may be inside user code.
constexpr std::chrono::milliseconds explanation_timeout{200};

/// Failures that the report of a failed job names.
constexpr std::size_t most_failures = 5;

restart_options restarts_of(const job_options& options) {
  restart_options result = options.restart;
  if (!result.kind && options.checkpoints.on())
    result.kind = restart_kind::exponential_delay;
  return result;
}

} // namespace

job_manager_actor::job_manager_actor(caf::actor_config& config, submission job,
                                     worker_context shared,
                                     caf::actor resource_manager,
                                     caf::actor dispatcher)
  : caf::event_based_actor(config), job_(std::move(job)), shared_(shared),
    resource_manager_(std::move(resource_manager)),
    dispatcher_(std::move(dispatcher)),
    graph_(std::make_shared<execution_graph>(job_.graph)),
    subtasks_(graph_->subtasks()), regions_(regions_of(*graph_)),
    lifecycle_(regions_, make_restart_strategy(restarts_of(job_.options),
                                               random_jitter())),
    alignment_(*graph_), runs_(regions_.count()), handles_(subtasks_.size()),
    coordinators_(job_.graph->vertices().size()) {
  set_default_handler(caf::drop);
}

caf::behavior job_manager_actor::make_behavior() {
  spawn_checkpoint_coordinator();
  perform(lifecycle_.start(now()));
  return {
    [this](restorept_atom, std::uint32_t region, std::uint32_t attempt,
           const restore_point& from) {
      on_restore_point(region, attempt, from);
    },
    [this](ckptstep_atom, std::uint32_t answers, const checkpoint_step& step) {
      on_checkpoint_step(answers, step);
    },
    [this](ckptack_atom, checkpoint_ack& ack) {
      to_checkpoints(ckptack_atom::value, std::move(ack));
    },
    [this](ckptdecl_atom, const checkpoint_decline& no) {
      to_checkpoints(ckptdecl_atom::value, no);
    },
    [this](ckptend_atom, std::uint32_t task, std::uint32_t attempt) {
      to_checkpoints(ckptend_atom::value, task, attempt);
    },
    [this](srcstate_atom, source_state& state) {
      to_checkpoints(srcstate_atom::value, std::move(state));
    },
    [this](jobover_atom, const checkpoints_over& summary) {
      on_checkpoints_over(summary);
    },
    [this](granted_atom, const slot_grant& grant) { on_granted(grant); },
    [this](refused_atom, const error& why) { on_refused(why); },
    [this](coordready_atom, std::uint32_t vertex, std::uint32_t attempt,
           const caf::actor& coordinator) {
      on_coordinator(vertex, attempt, coordinator);
    },
    [this](deployed_atom, std::uint32_t task, std::uint32_t attempt,
           const caf::actor& subtask) { on_deployed(task, attempt, subtask); },
    [this](connected_atom, std::uint32_t task, std::uint32_t attempt) {
      on_connected(task, attempt);
    },
    [this](taskstate_atom, const task_report& report) {
      on_task_state(report);
    },
    [this](wmreport_atom, const task_watermark& what) { on_watermark(what); },
    [this](limitsdue_atom) {
      limits_armed_ = false;
      announce_limits();
    },
    [this](stop_atom) { on_stop(); },
    [this](cancel_atom) { on_cancel(); },
    [this](restartdue_atom, std::uint32_t region, std::uint32_t attempt) {
      on_restart_due(region, attempt);
    },
    [this](overdue_atom, std::uint32_t region, std::uint32_t attempt) {
      on_cancel_overdue(region, attempt);
    },
    [this](status_atom) { return on_status(); },
    [this](ckptnow_atom) { to_checkpoints(ckptnow_atom::value); },
    [this](ckpthist_atom) { return on_history(); },
  };
}

void job_manager_actor::on_exit() {
  job_.client = {};
  resource_manager_ = {};
  dispatcher_ = {};
  grant_.reset();
  handles_.clear();
  coordinators_.clear();
  checkpoints_ = {};
}

// -- handlers -----------------------------------------------------------------

void job_manager_actor::on_granted(const slot_grant& grant) {
  grant_ = grant;
  for (const std::uint32_t region : std::exchange(without_slots_, {}))
    if (lifecycle_.state_of(region) == job_state::scheduling)
      deploy_subtasks(region);
}

void job_manager_actor::on_refused(const error& why) {
  without_slots_.clear();
  perform(lifecycle_.job_failed(why, now()));
}

void job_manager_actor::on_coordinator(std::uint32_t vertex,
                                       std::uint32_t attempt,
                                       const caf::actor& coordinator) {
  const std::uint32_t region = region_of(vertex_id{vertex});
  if (attempt != lifecycle_.attempt_of(region)) {
    anon_send(coordinator, cancel_atom::value);
    return;
  }
  if (std::exchange(coordinators_[vertex], coordinator))
    return; // heard of before
  --runs_[region].coordinators_awaited;
  connect_subtasks(region);
}

void job_manager_actor::on_deployed(std::uint32_t task, std::uint32_t attempt,
                                    const caf::actor& subtask) {
  if (attempt != lifecycle_.attempt_of_task(task)
      || lifecycle_.task(task) == task_state::cancelling) {
    send_urgent(this, subtask, cancel_atom::value);
    return;
  }
  if (std::exchange(handles_[task], subtask))
    return; // heard of before
  perform(
    lifecycle_.task_changed(task, attempt, task_state::initializing, now()));
  connect_subtasks(regions_.of_task(task));
}

void job_manager_actor::on_connected(std::uint32_t task,
                                     std::uint32_t attempt) {
  if (attempt != lifecycle_.attempt_of_task(task) || !handles_[task])
    return;
  const std::uint32_t region = regions_.of_task(task);
  auto& connected = runs_[region].connected;
  if (connected.insert(task).second
      && connected.size() == regions_.tasks_of(region).size())
    open_subtasks(region);
}

void job_manager_actor::on_task_state(const task_report& report) {
  note_alignment(report);
  if (report.state == task_state::failed)
    log_failure(report);
  if (report.state == task_state::failed)
    perform(lifecycle_.task_failed(
      report.task, report.attempt,
      weighed(*report.cause, regions_.of_task(report.task)), now()));
  else
    perform(lifecycle_.task_changed(report.task, report.attempt, report.state,
                                    now()));
  if (report.state == task_state::finished)
    to_checkpoints(taskdone_atom::value, report.task, report.attempt);
}

/// Without checkpoints results are shown at one point, at the end: once that
/// has begun, a new attempt would show them again.
error job_manager_actor::weighed(error cause, std::uint32_t region) const {
  if (runs_[region].shown)
    cause.severity = error_severity::fatal;
  return cause;
}

/// No part of a checkpoint that a source takes behind its end may reach the
/// coordinator before the news that it stops.
void job_manager_actor::on_stop() {
  to_checkpoints(jobstops_atom::value);
  perform(lifecycle_.stop(now()));
}

void job_manager_actor::on_cancel() {
  perform(lifecycle_.cancel(now()));
}

void job_manager_actor::on_restart_due(std::uint32_t region,
                                       std::uint32_t attempt) {
  perform(lifecycle_.restart_due(region, attempt, now()));
}

std::shared_ptr<job_status_report> job_manager_actor::plain_status() const {
  auto report = std::make_shared<job_status_report>();
  report->state = lifecycle_.state();
  for (std::uint32_t task = 0; task < subtasks_.size(); ++task) {
    subtask_report each;
    each.vertex = job_.graph->vertex(subtasks_[task].vertex).name;
    each.index = subtasks_[task].index;
    each.state = lifecycle_.task(task);
    report->subtasks.push_back(std::move(each));
  }
  return report;
}

/// Asks every live subtask why it waits; answers when all have spoken.
caf::result<job_status_report> job_manager_actor::on_status() {
  auto report = plain_status();
  auto promise = make_response_promise<job_status_report>();
  auto awaited = std::make_shared<std::size_t>(1);
  auto arrived = [report, awaited, promise]() mutable {
    if (--*awaited == 0)
      promise.deliver(*report);
  };
  if (checkpoints_) {
    ++*awaited;
    request(checkpoints_, explanation_timeout, ckpthist_atom::value)
      .then(
        [report, arrived](checkpoint_history& history) mutable {
          report->checkpoints = std::move(history);
          arrived();
        },
        [arrived](caf::error&) mutable { arrived(); });
  }
  for (std::uint32_t task = 0; task < handles_.size(); ++task) {
    if (!handles_[task] || lifecycle_.task(task) != task_state::running)
      continue;
    ++*awaited;
    request<caf::message_priority::high>(handles_[task], explanation_timeout,
                                         explain_atom::value)
      .then(
        [report, task, arrived](const task_explanation& why) mutable {
          report->subtasks[task].waiting_for = why.waiting_for;
          report->subtasks[task].watermark_holder = why.watermark_holder;
          report->subtasks[task].progress = why.progress;
          arrived();
        },
        [this, report, task, arrived](caf::error&) {
          explain_silence(task, report, arrived);
        });
  }
  arrived();
  return promise;
}

/// A subtask that does not answer is in user code; its task manager knows in
/// whose.
void job_manager_actor::explain_silence(
  std::uint32_t task, const std::shared_ptr<job_status_report>& report,
  std::function<void()> arrived) {
  request(worker_of(task), explanation_timeout, whereis_atom::value, task,
          lifecycle_.attempt_of_task(task))
    .then(
      [report, task, arrived](const std::string& where) {
        report->subtasks[task].waiting_for = where;
        arrived();
      },
      [arrived](caf::error&) { arrived(); });
}

// -- actions of the lifecycle -------------------------------------------------

void job_manager_actor::perform(const job_regions::steps& steps) {
  note_regions();
  note_state();
  for (const auto& [region, step] : steps)
    switch (step.action) {
    case job_action::none:
      break;
    case job_action::deploy_tasks:
      prepare_attempt(region);
      break;
    case job_action::stop_sources:
      stop_sources(region);
      break;
    case job_action::cancel_tasks:
      cancel_subtasks(region);
      break;
    case job_action::await_restart:
      await_restart(region, step.restart_delay);
      break;
    case job_action::report_end:
      report_end();
      break;
    }
}

void job_manager_actor::stop_sources(std::uint32_t region) {
  for (const std::uint32_t task : regions_.tasks_of(region))
    if (handles_[task] && is_source(job_.graph->vertex(subtasks_[task].vertex)))
      send_urgent(this, handles_[task], stop_atom::value);
}

void job_manager_actor::cancel_subtasks(std::uint32_t region) {
  to_checkpoints(attemptend_atom::value, region);
  for (const std::uint32_t task : regions_.tasks_of(region))
    if (handles_[task])
      send_urgent(this, handles_[task], cancel_atom::value);
  delayed_send(this, job_.options.cancellation_timeout, overdue_atom::value,
               region, lifecycle_.attempt_of(region));
}

void job_manager_actor::on_cancel_overdue(std::uint32_t region,
                                          std::uint32_t attempt) {
  if (attempt != lifecycle_.attempt_of(region))
    return;
  for (const std::uint32_t task : regions_.tasks_of(region))
    if (lifecycle_.task(task) == task_state::cancelling)
      send(worker_of(task), giveup_atom::value, task, attempt);
}

void job_manager_actor::await_restart(std::uint32_t region, duration_ms delay) {
  log_of(region).warn("starts again in " + std::to_string(delay.count())
                      + " ms");
  end_coordinators(region);
  delayed_send(this, delay, restartdue_atom::value, region,
               lifecycle_.attempt_of(region));
}

void job_manager_actor::end_coordinators(std::uint32_t region) {
  for (std::uint32_t vertex = 0; vertex < coordinators_.size(); ++vertex)
    if (coordinators_[vertex] && region_of(vertex_id{vertex}) == region)
      send(coordinators_[vertex], cancel_atom::value);
}

/// The end is told once what is left of the checkpoints is known.
void job_manager_actor::report_end() {
  for (std::uint32_t region = 0; region < regions_.count(); ++region)
    end_coordinators(region);
  if (grant_)
    send(resource_manager_, giveback_atom::value, *grant_);
  const auto outcome = outcome_of(lifecycle_.state());
  FLOW_ASSERT(outcome.has_value(), "the job has not ended");
  if (checkpoints_)
    to_checkpoints(jobover_atom::value, *outcome);
  else
    finish_report({});
}

void job_manager_actor::on_checkpoints_over(const checkpoints_over& summary) {
  finish_report(summary);
}

void job_manager_actor::finish_report(checkpoints_over summary) {
  job_end end;
  end.outcome = *outcome_of(lifecycle_.state());
  end.restarts = lifecycle_.restarts();
  end.failures.assign(failures_.begin(), failures_.end());
  end.checkpoints = std::move(summary);
  if (end.outcome == job_outcome::failed)
    end.cause = lifecycle_.cause();
  if (checkpoints_)
    send(checkpoints_, cancel_atom::value);
  send(dispatcher_, jobended_atom::value, job_.client, std::move(end));
  quit();
}

// -- checkpoints --------------------------------------------------------------

void job_manager_actor::spawn_checkpoint_coordinator() {
  const bool keeps_state = job_.options.checkpoints.on();
  if (!keeps_state && !job_.checkpoints.from && !commits_at_end(*job_.graph))
    return;
  checkpoint_coordinator_actor::settings what{
    job_.options.checkpoints,
    plan_of(*graph_, regions_, job_.options.job_id.value_or("")),
    job_.checkpoints, keeps_state};
  checkpoints_ = spawn_apart<checkpoint_coordinator_actor>(
    *this, shared_, std::move(what), shared_,
    caf::actor_cast<caf::actor>(this));
}

caf::result<checkpoint_history> job_manager_actor::on_history() {
  auto promise = make_response_promise<checkpoint_history>();
  if (checkpoints_)
    promise.delegate(checkpoints_, ckpthist_atom::value);
  else
    promise.deliver(checkpoint_history{});
  return promise;
}

void job_manager_actor::on_checkpoint_step(std::uint32_t answers,
                                           const checkpoint_step& step) {
  switch (step.what) {
  case checkpoint_step::kind::trigger:
    // One from before a region failed is given up already.
    if (answers == answers_ && lifecycle_.all_run())
      trigger(step);
    break;
  case checkpoint_step::kind::notify_completed:
    notify(ckptdone_atom::value, step.id);
    break;
  case checkpoint_step::kind::notify_aborted:
    notify(ckptabort_atom::value, step.id);
    break;
  case checkpoint_step::kind::fail_job:
    if (step.cause->severity != error_severity::fatal
        && (answers != answers_ || !lifecycle_.all_run()))
      break; // what failed meanwhile starts again, and all count anew
    note_failure(step.cause->text, lifecycle_.attempt_of(0));
    perform(lifecycle_.job_failed(*step.cause, now()));
    break;
  case checkpoint_step::kind::publish:
  case checkpoint_step::kind::discard:
  case checkpoint_step::kind::discard_unfinished:
    break; // the coordinator's own
  }
}

void job_manager_actor::trigger(const checkpoint_step& step) {
  checkpoint_barrier barrier;
  barrier.checkpoint_id = step.id;
  barrier.triggered = step.triggered;
  barrier.kind = static_cast<barrier_kind>(step.snapshot);
  for (const std::uint32_t vertex : step.coordinators)
    send(coordinators_[vertex], trigger_atom::value,
         lifecycle_.attempt_of(region_of(vertex_id{vertex})), barrier);
  for (const std::uint32_t task : step.tasks)
    send(handles_[task], trigger_atom::value, lifecycle_.attempt_of_task(task),
         barrier);
}

/// Only tasks that run: a region that is about to start again starts from
/// there.
template <class Atom>
void job_manager_actor::notify(Atom what, std::uint64_t id) {
  for (std::uint32_t vertex = 0; vertex < coordinators_.size(); ++vertex)
    if (coordinators_[vertex])
      send(coordinators_[vertex], what,
           lifecycle_.attempt_of(region_of(vertex_id{vertex})), id);
  for (std::uint32_t task = 0; task < handles_.size(); ++task) {
    if (!handles_[task] || lifecycle_.task(task) != task_state::running)
      continue;
    send(handles_[task], what, lifecycle_.attempt_of_task(task), id);
    if (std::is_same_v<Atom, ckptdone_atom> && !job_.options.checkpoints.on())
      runs_[regions_.of_task(task)].shown = true;
  }
}

// -- aligned sources ----------------------------------------------------------

void job_manager_actor::on_watermark(const task_watermark& what) {
  if (what.attempt != lifecycle_.attempt_of_task(what.task))
    return;
  alignment_.report(what.task, what.mark);
  announce_limits();
}

void job_manager_actor::note_alignment(const task_report& report) {
  if (report.attempt != lifecycle_.attempt_of_task(report.task))
    return;
  if (report.state == task_state::running)
    alignment_.started(report.task);
  else if (report.state == task_state::finished)
    alignment_.ended(report.task);
  else
    return;
  announce_limits();
}

void job_manager_actor::announce_limits() {
  const auto now = shared_.time->steady();
  for (const auto& [task, limit] : alignment_.due(now))
    if (handles_[task])
      send(handles_[task], wmlimit_atom::value, limit);
  const auto next = alignment_.next_deadline();
  if (limits_armed_ || next == std::chrono::nanoseconds::max())
    return;
  limits_armed_ = true;
  delayed_send(this, next - now, limitsdue_atom::value);
}

// -- the rest -----------------------------------------------------------------

void job_manager_actor::note_failure(const std::string& text,
                                     std::uint32_t attempt) {
  failures_.push_back("attempt " + std::to_string(attempt) + ": " + text);
  if (failures_.size() > most_failures)
    failures_.pop_front();
}

void job_manager_actor::log_failure(const task_report& report) {
  // What fails after the first failure follows from it.
  const auto state = lifecycle_.state_of(regions_.of_task(report.task));
  if (report.attempt != lifecycle_.attempt_of_task(report.task)
      || is_terminal(lifecycle_.task(report.task))
      || state == job_state::failing || state == job_state::cancelling)
    return;
  note_failure(report.cause->text, report.attempt);
  const subtask_id id = subtasks_[report.task];
  shared_.log
    .with({job_.options.job_name, job_.graph->vertex(id.vertex).name, id.index,
           report.attempt})
    .error(report.cause->text);
}

void job_manager_actor::note_state() {
  if (lifecycle_.state() == logged_)
    return;
  logged_ = lifecycle_.state();
  log_of(0).debug("job is " + std::string{to_string(logged_)});
}

/// Once a region runs it takes part in checkpoints. With a stop that came
/// before it does, it stops at once.
void job_manager_actor::note_regions() {
  for (std::uint32_t region = 0; region < runs_.size(); ++region) {
    const auto now = lifecycle_.state_of(region);
    const auto before = std::exchange(runs_[region].known, now);
    if (before == job_state::scheduling
        && (now == job_state::running || now == job_state::stopping))
      to_checkpoints(attemptrun_atom::value, region,
                     lifecycle_.attempt_of(region));
  }
}

/// Of a job of one region the attempt is the job's.
logger job_manager_actor::log_of(std::uint32_t region) const {
  return shared_.log.with(
    {job_.options.job_name, {}, {}, lifecycle_.attempt_of(region)});
}

/// Of a source with a coordinator, whose subtasks are in one.
std::uint32_t job_manager_actor::region_of(vertex_id vertex) const {
  return regions_.of_task(number_of({vertex, 0}));
}

std::uint32_t job_manager_actor::number_of(subtask_id subtask) const {
  const auto found =
    std::lower_bound(subtasks_.begin(), subtasks_.end(), subtask);
  return static_cast<std::uint32_t>(found - subtasks_.begin());
}

} // namespace flow
