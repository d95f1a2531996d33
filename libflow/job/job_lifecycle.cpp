#include "libflow/job/job_lifecycle.hpp"

#include <string>
#include <utility>

#include "libflow/core/assert.hpp"

namespace flow {

namespace {

std::string step_text(std::string_view from, std::string_view what) {
  return std::string{from} + " -> " + std::string{what};
}

} // namespace

job_lifecycle::job_lifecycle(std::size_t task_count,
                             std::unique_ptr<restart_strategy> restart)
  : restart_(std::move(restart)), tasks_(task_count, task_state::created) {
  FLOW_ASSERT(task_count > 0, "a job has subtasks");
  FLOW_ASSERT(restart_ != nullptr, "a job has a restart strategy");
  counts_[static_cast<std::size_t>(task_state::created)] = task_count;
}

job_lifecycle::steps job_lifecycle::start() {
  steps out;
  apply(job_event::start, out);
  return out;
}

job_lifecycle::steps job_lifecycle::task_changed(std::size_t task,
                                                 std::uint32_t attempt,
                                                 task_state state,
                                                 timestamp now) {
  FLOW_ASSERT(state != task_state::failed, "a failure carries its error");
  if (attempt != attempt_ || is_terminal(state_) || is_over(task, state))
    return {};
  set_task(task, state);
  steps out;
  settle(now, out);
  return out;
}

job_lifecycle::steps job_lifecycle::task_failed(std::size_t task,
                                                std::uint32_t attempt,
                                                error cause, timestamp now) {
  if (attempt != attempt_ || is_terminal(state_)
      || is_over(task, task_state::failed))
    return {};
  set_task(task, task_state::failed);
  return fail(std::move(cause), now);
}

job_lifecycle::steps job_lifecycle::deployment_failed(std::uint32_t attempt,
                                                      error cause,
                                                      timestamp now) {
  if (attempt != attempt_ || is_terminal(state_))
    return {};
  return fail(std::move(cause), now);
}

job_lifecycle::steps job_lifecycle::fail(error cause, timestamp now) {
  // Errors met while failing or cancelling follow from that.
  const bool first = state_ == job_state::scheduling
                     || state_ == job_state::running
                     || state_ == job_state::stopping;
  if (first)
    cause_ = std::move(cause);
  steps out;
  apply(job_event::task_failed, out);
  settle(now, out);
  return out;
}

job_lifecycle::steps job_lifecycle::cancel(timestamp now) {
  steps out;
  apply(job_event::cancel, out);
  settle(now, out);
  return out;
}

job_lifecycle::steps job_lifecycle::stop(timestamp now) {
  stop_requested_ = true;
  steps out;
  apply(job_event::stop, out);
  settle(now, out);
  return out;
}

job_lifecycle::steps job_lifecycle::restart_due(std::uint32_t attempt) {
  if (attempt != attempt_ || state_ != job_state::restarting)
    return {};
  steps out;
  apply(job_event::restart_due, out);
  return out;
}

job_lifecycle::steps job_lifecycle::suspend() {
  steps out;
  apply(job_event::suspend, out);
  return out;
}

// A report that comes twice, or behind a later one of the same subtask; also
// progress from before the command to cancel had arrived.
bool job_lifecycle::is_over(std::size_t task, task_state reported) const {
  const task_state known = this->task(task);
  return is_terminal(known) || reported <= known;
}

task_state job_lifecycle::task(std::size_t index) const {
  FLOW_ASSERT(index < tasks_.size(), "no such subtask");
  return tasks_[index];
}

void job_lifecycle::apply(job_event event, steps& out) {
  const std::optional<job_state> next = next_state(state_, event);
  FLOW_ASSERT(next.has_value(), step_text(to_string(state_), to_string(event)));
  if (*next != state_)
    enter(*next, out);
}

void job_lifecycle::enter(job_state next, steps& out) {
  state_ = next;
  const job_action action = action_on_entry(next);
  if (action == job_action::deploy_tasks)
    mark_all_scheduled();
  if (action == job_action::cancel_tasks)
    mark_all_cancelling();
  if (action != job_action::none)
    out.push_back({action, duration_ms{0}});
}

void job_lifecycle::set_task(std::size_t index, task_state next) {
  task_state& state = tasks_.at(index);
  FLOW_ASSERT(is_legal(state, next),
              "subtask " + std::to_string(index) + ": "
                + step_text(to_string(state), to_string(next)));
  --counts_[static_cast<std::size_t>(state)];
  ++counts_[static_cast<std::size_t>(next)];
  state = next;
}

// A new attempt: every subtask begins from anew.
void job_lifecycle::mark_all_scheduled() {
  ++attempt_;
  tasks_.assign(tasks_.size(), task_state::scheduled);
  counts_.fill(0);
  counts_[static_cast<std::size_t>(task_state::scheduled)] = tasks_.size();
}

// Who is known to no task manager is gone at once.
void job_lifecycle::mark_all_cancelling() {
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    if (tasks_[i] == task_state::created || tasks_[i] == task_state::scheduled)
      set_task(i, task_state::cancelled);
    else if (is_alive(tasks_[i]) && tasks_[i] != task_state::cancelling)
      set_task(i, task_state::cancelling);
  }
}

std::size_t job_lifecycle::count(task_state state) const noexcept {
  return counts_[static_cast<std::size_t>(state)];
}

// Turns what holds of all subtasks together into events of the job.
void job_lifecycle::settle(timestamp now, steps& out) {
  const std::size_t done = count(task_state::finished);
  if (state_ == job_state::scheduling
      && count(task_state::running) + done == tasks_.size()) {
    apply(job_event::tasks_running, out);
    if (stop_requested_)
      apply(job_event::stop, out);
  }
  const bool processing =
    state_ == job_state::running || state_ == job_state::stopping;
  if (processing && done == tasks_.size())
    apply(job_event::tasks_finished, out);

  const bool none_alive =
    count(task_state::deploying) == 0 && count(task_state::initializing) == 0
    && count(task_state::running) == 0 && count(task_state::cancelling) == 0;
  if (!none_alive)
    return;
  if (state_ == job_state::cancelling)
    apply(job_event::tasks_gone, out);
  if (state_ != job_state::failing)
    return;
  const bool fatal = cause_->severity == error_severity::fatal;
  const auto delay = fatal ? std::nullopt : restart_->on_failure(now);
  apply(delay ? job_event::restart_granted : job_event::restart_refused, out);
  if (delay)
    out.back().restart_delay = *delay;
}

} // namespace flow
