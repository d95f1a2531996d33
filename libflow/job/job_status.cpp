#include "libflow/job/job_status.hpp"

#include <algorithm>

#include "libflow/core/assert.hpp"

namespace flow {

namespace {

using enum job_state;
using enum job_event;

constexpr std::array legal_job_steps = {
  job_transition{created, start, scheduling},
  job_transition{created, cancel, job_state::cancelled},
  job_transition{created, stop, stopped},
  job_transition{created, suspend, suspended},

  // A stop is remembered until the subtasks run.
  job_transition{scheduling, tasks_running, running},
  job_transition{scheduling, task_failed, failing},
  job_transition{scheduling, cancel, cancelling},
  job_transition{scheduling, stop, scheduling},
  job_transition{scheduling, suspend, suspended},

  job_transition{running, tasks_finished, finished},
  job_transition{running, task_failed, failing},
  job_transition{running, cancel, cancelling},
  job_transition{running, stop, stopping},
  job_transition{running, suspend, suspended},

  job_transition{stopping, tasks_finished, stopped},
  job_transition{stopping, task_failed, failing},
  job_transition{stopping, cancel, cancelling},
  job_transition{stopping, stop, stopping},
  job_transition{stopping, suspend, suspended},

  // Further failures are consequences of the first.
  job_transition{failing, restart_granted, restarting},
  job_transition{failing, restart_refused, failed},
  job_transition{failing, task_failed, failing},
  job_transition{failing, cancel, cancelling},
  job_transition{failing, stop, failing},
  job_transition{failing, suspend, suspended},

  job_transition{cancelling, tasks_gone, job_state::cancelled},
  job_transition{cancelling, task_failed, cancelling},
  job_transition{cancelling, cancel, cancelling},
  job_transition{cancelling, stop, cancelling},
  job_transition{cancelling, suspend, suspended},

  job_transition{restarting, restart_due, scheduling},
  job_transition{restarting, cancel, job_state::cancelled},
  job_transition{restarting, stop, restarting},
  job_transition{restarting, suspend, suspended},

  // A command may cross the job's end.
  job_transition{finished, cancel, finished},
  job_transition{finished, stop, finished},
  job_transition{stopped, cancel, stopped},
  job_transition{stopped, stop, stopped},
  job_transition{job_state::cancelled, cancel, job_state::cancelled},
  job_transition{job_state::cancelled, stop, job_state::cancelled},
  job_transition{failed, cancel, failed},
  job_transition{failed, stop, failed},
  job_transition{suspended, cancel, suspended},
  job_transition{suspended, stop, suspended},
};

constexpr std::array legal_task_steps = {
  task_transition{task_state::created, task_state::scheduled},
  task_transition{task_state::created, task_state::cancelled},

  task_transition{task_state::scheduled, task_state::deploying},
  task_transition{task_state::scheduled, task_state::cancelled},
  task_transition{task_state::scheduled, task_state::failed},

  task_transition{task_state::deploying, task_state::initializing},
  task_transition{task_state::deploying, task_state::cancelling},
  task_transition{task_state::deploying, task_state::failed},

  task_transition{task_state::initializing, task_state::running},
  task_transition{task_state::initializing, task_state::cancelling},
  task_transition{task_state::initializing, task_state::failed},

  task_transition{task_state::running, task_state::finished},
  task_transition{task_state::running, task_state::cancelling},
  task_transition{task_state::running, task_state::failed},

  // It may have ended before the command reached it.
  task_transition{task_state::cancelling, task_state::cancelled},
  task_transition{task_state::cancelling, task_state::finished},
  task_transition{task_state::cancelling, task_state::failed},
};

template <class Enum>
constexpr std::size_t index(Enum value) {
  return static_cast<std::size_t>(value);
}

constexpr std::array<std::string_view, job_state_count> job_state_names = {
  "created",    "scheduling", "running", "stopping",  "failing", "cancelling",
  "restarting", "finished",   "stopped", "cancelled", "failed",  "suspended",
};

constexpr std::array<std::string_view, job_event_count> job_event_names = {
  "start",           "tasks_running",
  "tasks_finished",  "task_failed",
  "tasks_gone",      "restart_granted",
  "restart_refused", "restart_due",
  "cancel",          "stop",
  "suspend",
};

constexpr std::array<std::string_view, 6> job_action_names = {
  "none",         "deploy_tasks",  "stop_sources",
  "cancel_tasks", "await_restart", "report_end",
};

constexpr std::array<std::string_view, 4> job_outcome_names = {
  "finished",
  "stopped",
  "cancelled",
  "failed",
};

constexpr std::array<std::string_view, task_state_count> task_state_names = {
  "created",    "scheduled", "deploying", "initializing", "running",
  "cancelling", "finished",  "cancelled", "failed",
};

} // namespace

std::span<const job_transition> job_transitions() noexcept {
  return legal_job_steps;
}

std::span<const task_transition> task_transitions() noexcept {
  return legal_task_steps;
}

std::optional<job_state> next_state(job_state state, job_event event) noexcept {
  for (const job_transition& step : legal_job_steps)
    if (step.from == state && step.event == event)
      return step.to;
  return std::nullopt;
}

bool is_legal(task_state from, task_state to) noexcept {
  return std::ranges::any_of(legal_task_steps, [=](const auto& step) {
    return step.from == from && step.to == to;
  });
}

job_action action_on_entry(job_state state) noexcept {
  switch (state) {
  case job_state::created:
  case job_state::running:
    return job_action::none;
  case job_state::scheduling:
    return job_action::deploy_tasks;
  case job_state::stopping:
    return job_action::stop_sources;
  case job_state::failing:
  case job_state::cancelling:
    return job_action::cancel_tasks;
  case job_state::restarting:
    return job_action::await_restart;
  case job_state::finished:
  case job_state::stopped:
  case job_state::cancelled:
  case job_state::failed:
  case job_state::suspended:
    break;
  }
  return job_action::report_end;
}

bool is_terminal(job_state state) noexcept {
  return action_on_entry(state) == job_action::report_end;
}

bool is_terminal(task_state state) noexcept {
  return state == task_state::finished || state == task_state::cancelled
         || state == task_state::failed;
}

bool is_alive(task_state state) noexcept {
  return state == task_state::deploying || state == task_state::initializing
         || state == task_state::running || state == task_state::cancelling;
}

std::optional<job_outcome> outcome_of(job_state state) noexcept {
  switch (state) {
  case job_state::finished:
    return job_outcome::finished;
  case job_state::stopped:
    return job_outcome::stopped;
  case job_state::cancelled:
    return job_outcome::cancelled;
  case job_state::failed:
    return job_outcome::failed;
  default:
    return std::nullopt;
  }
}

exit_code exit_code_of(job_outcome outcome) noexcept {
  const bool clean =
    outcome == job_outcome::finished || outcome == job_outcome::stopped;
  return clean ? exit_code::ok : exit_code::failed;
}

std::string_view to_string(job_state state) noexcept {
  return job_state_names[index(state)];
}

std::string_view to_string(job_event event) noexcept {
  return job_event_names[index(event)];
}

std::string_view to_string(job_action action) noexcept {
  return job_action_names[index(action)];
}

std::string_view to_string(job_outcome outcome) noexcept {
  return job_outcome_names[index(outcome)];
}

std::string_view to_string(task_state state) noexcept {
  return task_state_names[index(state)];
}

} // namespace flow
