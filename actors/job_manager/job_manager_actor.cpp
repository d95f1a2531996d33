#include "actors/job_manager/job_manager_actor.hpp"

#include <algorithm>
#include <random>

#include "actors/checkpoint_coordinator/checkpoint_coordinator_actor.hpp"
#include "actors/job_manager/checkpoint_plan.hpp"
#include "libflow/api/node_code.hpp"

namespace flow {

FLOW_ATOM(restartdue)
FLOW_ATOM(overdue)

namespace {

bool is_source(const job_vertex& vertex) {
  return vertex.head().node.kind == operator_kind::source;
}

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
    subtasks_(graph_->subtasks()),
    lifecycle_(
      subtasks_.size(),
      make_restart_strategy(restarts_of(job_.options), random_jitter())) {
  set_default_handler(caf::drop);
}

caf::behavior job_manager_actor::make_behavior() {
  spawn_checkpoint_coordinator();
  perform(lifecycle_.start());
  return {
    [this](restorept_atom, std::uint32_t attempt, const restore_point& from) {
      on_restore_point(attempt, from);
    },
    [this](ckptstep_atom, std::uint32_t attempt, const checkpoint_step& step) {
      on_checkpoint_step(attempt, step);
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
    [this](stop_atom) { on_stop(); },
    [this](cancel_atom) { on_cancel(); },
    [this](restartdue_atom, std::uint32_t attempt) { on_restart_due(attempt); },
    [this](overdue_atom, std::uint32_t attempt) { on_cancel_overdue(attempt); },
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
  deploy_subtasks();
}

void job_manager_actor::on_refused(const error& why) {
  perform(lifecycle_.deployment_failed(lifecycle_.attempt(), why, now()));
}

void job_manager_actor::on_coordinator(std::uint32_t vertex,
                                       std::uint32_t attempt,
                                       const caf::actor& coordinator) {
  if (attempt != lifecycle_.attempt()) {
    anon_send(coordinator, cancel_atom::value);
    return;
  }
  coordinators_[vertex] = coordinator;
  --coordinators_awaited_;
  connect_subtasks();
}

void job_manager_actor::on_deployed(std::uint32_t task, std::uint32_t attempt,
                                    const caf::actor& subtask) {
  if (attempt != lifecycle_.attempt()
      || lifecycle_.task(task) == task_state::cancelling) {
    send_urgent(this, subtask, cancel_atom::value);
    return;
  }
  handles_[task] = subtask;
  perform(
    lifecycle_.task_changed(task, attempt, task_state::initializing, now()));
  connect_subtasks();
}

void job_manager_actor::on_connected(std::uint32_t task,
                                     std::uint32_t attempt) {
  if (attempt != lifecycle_.attempt() || !handles_[task])
    return;
  if (++connected_ == handles_.size())
    open_subtasks();
}

void job_manager_actor::on_task_state(const task_report& report) {
  if (report.state == task_state::failed)
    log_failure(report);
  if (report.state == task_state::failed)
    perform(lifecycle_.task_failed(report.task, report.attempt,
                                   weighed(*report.cause), now()));
  else
    perform(lifecycle_.task_changed(report.task, report.attempt, report.state,
                                    now()));
  if (report.state == task_state::finished)
    to_checkpoints(taskdone_atom::value, report.task, report.attempt);
}

/// Without checkpoints results are shown at one point, at the end: once that
/// has begun, a new attempt would show them again.
error job_manager_actor::weighed(error cause) const {
  if (shown_)
    cause.severity = error_severity::fatal;
  return cause;
}

void job_manager_actor::on_stop() {
  perform(lifecycle_.stop(now()));
}

void job_manager_actor::on_cancel() {
  perform(lifecycle_.cancel(now()));
}

void job_manager_actor::on_restart_due(std::uint32_t attempt) {
  perform(lifecycle_.restart_due(attempt));
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
  for (std::size_t task = 0; task < handles_.size(); ++task) {
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
  std::size_t task, const std::shared_ptr<job_status_report>& report,
  std::function<void()> arrived) {
  request(worker_of(task), explanation_timeout, whereis_atom::value,
          static_cast<std::uint32_t>(task), lifecycle_.attempt())
    .then(
      [report, task, arrived](const std::string& where) {
        report->subtasks[task].waiting_for = where;
        arrived();
      },
      [arrived](caf::error&) { arrived(); });
}

// -- actions of the lifecycle -------------------------------------------------

void job_manager_actor::perform(const job_lifecycle::steps& steps) {
  note_state();
  for (const job_step& step : steps)
    switch (step.action) {
    case job_action::none:
      break;
    case job_action::deploy_tasks:
      prepare_attempt();
      break;
    case job_action::stop_sources:
      stop_sources();
      break;
    case job_action::cancel_tasks:
      cancel_subtasks();
      break;
    case job_action::await_restart:
      await_restart(step.restart_delay);
      break;
    case job_action::report_end:
      report_end();
      break;
    }
}

/// A new attempt: first what it starts from.
void job_manager_actor::prepare_attempt() {
  if (checkpoints_)
    to_checkpoints(restorept_atom::value, lifecycle_.attempt());
  else
    request_slots();
}

void job_manager_actor::on_restore_point(std::uint32_t attempt,
                                         const restore_point& from) {
  if (attempt != lifecycle_.attempt()
      || lifecycle_.state() != job_state::scheduling)
    return;
  restored_ = from;
  if (from.from)
    shared_.log.with({job_.options.job_name, {}, {}, attempt})
      .info("starts from " + from.from->location);
  request_slots();
}

void job_manager_actor::request_slots() {
  handles_.assign(subtasks_.size(), {});
  coordinators_.assign(job_.graph->vertices().size(), {});
  connected_ = 0;
  if (grant_) {
    deploy_subtasks(); // a restart keeps its slots
    return;
  }
  slot_requests wanted;
  for (const auto& vertex : job_.graph->vertices())
    wanted.requests.push_back({vertex.slot_sharing_group, vertex.parallelism});
  send(resource_manager_, slots_atom::value, std::move(wanted));
}

void job_manager_actor::deploy_subtasks() {
  const auto attempt = lifecycle_.attempt();
  const auto self = caf::actor_cast<caf::actor>(this);
  coordinators_awaited_ = 0;
  for (const auto& vertex : job_.graph->vertices()) {
    if (!is_source(vertex) || !code_of(vertex.head()).make_coordinator())
      continue;
    ++coordinators_awaited_;
    const auto& worker = grant_->slots[index_of(vertex.id)][0].worker;
    send(grant_->workers[worker], deploysrc_atom::value,
         deploy_coordinator{vertex.id, attempt, graph_,
                            coordinator_state(restored_, vertex), self});
  }
  for (std::uint32_t task = 0; task < subtasks_.size(); ++task) {
    const subtask_id id = subtasks_[task];
    const auto& slot = grant_->slots[index_of(id.vertex)][id.index];
    perform(
      lifecycle_.task_changed(task, attempt, task_state::deploying, now()));
    send(grant_->workers[slot.worker], deploy_atom::value,
         deploy_task{task, task_place{graph_, id, attempt},
                     settings_of(job_.graph->vertex(id.vertex)), restored_,
                     self});
  }
}

void job_manager_actor::connect_subtasks() {
  const bool complete =
    coordinators_awaited_ == 0
    && std::all_of(handles_.begin(), handles_.end(),
                   [](const auto& handle) { return bool{handle}; });
  if (!complete)
    return;
  for (std::size_t task = 0; task < handles_.size(); ++task)
    send(handles_[task], connect_atom::value, wiring_of(subtasks_[task]));
  for (std::uint32_t vertex = 0; vertex < coordinators_.size(); ++vertex) {
    if (!coordinators_[vertex])
      continue;
    source_readers readers;
    for (std::size_t task = 0; task < handles_.size(); ++task)
      if (index_of(subtasks_[task].vertex) == vertex)
        readers.add(handles_[task], site_of(subtasks_[task]));
    send(coordinators_[vertex], readers_atom::value, std::move(readers));
  }
}

void job_manager_actor::open_subtasks() {
  for (const auto& handle : handles_)
    send(handle, open_atom::value);
}

void job_manager_actor::stop_sources() {
  for (std::size_t task = 0; task < handles_.size(); ++task)
    if (handles_[task] && is_source(job_.graph->vertex(subtasks_[task].vertex)))
      send_urgent(this, handles_[task], stop_atom::value);
}

void job_manager_actor::cancel_subtasks() {
  to_checkpoints(attemptend_atom::value);
  for (const auto& handle : handles_)
    if (handle)
      send_urgent(this, handle, cancel_atom::value);
  delayed_send(this, job_.options.cancellation_timeout, overdue_atom::value,
               lifecycle_.attempt());
}

void job_manager_actor::on_cancel_overdue(std::uint32_t attempt) {
  if (attempt != lifecycle_.attempt())
    return;
  for (std::uint32_t task = 0; task < subtasks_.size(); ++task)
    if (lifecycle_.task(task) == task_state::cancelling)
      send(worker_of(task), giveup_atom::value, task, attempt);
}

void job_manager_actor::await_restart(duration_ms delay) {
  shared_.log.with({job_.options.job_name, {}, {}, lifecycle_.attempt()})
    .warn("starts again in " + std::to_string(delay.count()) + " ms");
  for (const auto& coordinator : coordinators_)
    if (coordinator)
      send(coordinator, cancel_atom::value);
  delayed_send(this, delay, restartdue_atom::value, lifecycle_.attempt());
}

/// The end is told once what is left of the checkpoints is known.
void job_manager_actor::report_end() {
  for (const auto& coordinator : coordinators_)
    if (coordinator)
      send(coordinator, cancel_atom::value);
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
    plan_of(*graph_, job_.options.job_id.value_or("")), job_.checkpoints,
    keeps_state};
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

template <class... Args>
void job_manager_actor::to_checkpoints(Args&&... args) {
  if (checkpoints_)
    send(checkpoints_, std::forward<Args>(args)...);
}

void job_manager_actor::on_checkpoint_step(std::uint32_t attempt,
                                           const checkpoint_step& step) {
  const bool live = lifecycle_.state() == job_state::running
                    || lifecycle_.state() == job_state::stopping;
  if (attempt != lifecycle_.attempt() || !live)
    return;
  switch (step.what) {
  case checkpoint_step::kind::trigger:
    trigger(step);
    break;
  case checkpoint_step::kind::notify_completed:
    shown_ = shown_ || !job_.options.checkpoints.on();
    notify(ckptdone_atom::value, step.id);
    break;
  case checkpoint_step::kind::notify_aborted:
    notify(ckptabort_atom::value, step.id);
    break;
  case checkpoint_step::kind::fail_job:
    note_failure(step.cause->text);
    perform(lifecycle_.deployment_failed(attempt, *step.cause, now()));
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
    send(coordinators_[vertex], trigger_atom::value, lifecycle_.attempt(),
         barrier);
  for (const std::uint32_t task : step.tasks)
    send(handles_[task], trigger_atom::value, lifecycle_.attempt(), barrier);
}

template <class Atom>
void job_manager_actor::notify(Atom what, std::uint64_t id) {
  for (const auto& coordinator : coordinators_)
    if (coordinator)
      send(coordinator, what, lifecycle_.attempt(), id);
  for (std::size_t task = 0; task < handles_.size(); ++task)
    if (handles_[task] && lifecycle_.task(task) == task_state::running)
      send(handles_[task], what, lifecycle_.attempt(), id);
}

// -- the rest -----------------------------------------------------------------

std::shared_ptr<const task_wiring>
job_manager_actor::wiring_of(subtask_id subtask) const {
  auto wiring = std::make_shared<task_wiring>();
  const job_vertex& vertex = job_.graph->vertex(subtask.vertex);
  for (const edge_id edge : vertex.outputs) {
    auto& channels = wiring->outputs.emplace_back();
    for (const auto& channel : graph_->outputs_of(subtask, edge))
      channels.push_back({handles_[number_of(channel.consumer)],
                          channel.input_channel,
                          site_of(channel.consumer),
                          {}});
  }
  for (const auto& channel : graph_->inputs_of(subtask)) {
    const auto& ports = job_.graph->vertex(channel.producer.vertex).outputs;
    const auto port =
      std::find(ports.begin(), ports.end(), channel.edge) - ports.begin();
    wiring->inputs.push_back({handles_[number_of(channel.producer)],
                              static_cast<std::uint32_t>(port),
                              channel.output_channel,
                              site_of(channel.producer),
                              {}});
  }
  wiring->coordinator = coordinators_[index_of(subtask.vertex)];
  // Where deploy_subtasks puts it.
  wiring->coordinator_worker = site_of({subtask.vertex, 0}).worker;
  return wiring;
}

task_site job_manager_actor::site_of(subtask_id subtask) const {
  return {grant_->slots[index_of(subtask.vertex)][subtask.index].worker,
          number_of(subtask)};
}

const caf::actor& job_manager_actor::worker_of(std::size_t task) const {
  return grant_->workers[site_of(subtasks_[task]).worker];
}

void job_manager_actor::note_failure(const std::string& text) {
  failures_.push_back("attempt " + std::to_string(lifecycle_.attempt()) + ": "
                      + text);
  if (failures_.size() > most_failures)
    failures_.pop_front();
}

void job_manager_actor::log_failure(const task_report& report) {
  // What fails after the first failure follows from it.
  if (report.attempt != lifecycle_.attempt()
      || lifecycle_.state() == job_state::failing
      || lifecycle_.state() == job_state::cancelling)
    return;
  note_failure(report.cause->text);
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
  if (logged_ == job_state::running)
    to_checkpoints(attemptrun_atom::value, lifecycle_.attempt());
  shared_.log.with({job_.options.job_name, {}, {}, lifecycle_.attempt()})
    .debug("job is " + std::string{to_string(logged_)});
}

std::uint32_t job_manager_actor::number_of(subtask_id subtask) const {
  const auto found =
    std::lower_bound(subtasks_.begin(), subtasks_.end(), subtask);
  return static_cast<std::uint32_t>(found - subtasks_.begin());
}

/// Of all sources: they share --source-rate.
std::uint32_t job_manager_actor::source_subtasks() const {
  std::uint32_t count = 0;
  for (const auto& vertex : job_.graph->vertices())
    count += is_source(vertex) ? vertex.parallelism : 0;
  return count;
}

task_settings job_manager_actor::settings_of(const job_vertex& vertex) const {
  task_settings settings;
  settings.buffer_timeout = job_.options.buffer_timeout;
  settings.watermark_interval = job_.options.auto_watermark_interval;
  settings.watermark_every_rows = job_.options.watermark_every_rows;
  settings.job_id = job_.options.job_id.value_or("");
  settings.run = hex16(static_cast<std::uint64_t>(started_)) + "-"
                 + std::to_string(lifecycle_.attempt());
  settings.keeps_state = job_.options.checkpoints.on();
  settings.ends_with_checkpoint = bool{checkpoints_};
  settings.barriers = job_.options.checkpoints.mode;
  if (is_source(vertex))
    settings.source_rate =
      static_cast<double>(job_.options.source_rate) / source_subtasks();
  return settings;
}

} // namespace flow
