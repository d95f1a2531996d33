#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "libflow/core/exit_code.hpp"

namespace flow {

/// Where a job stands. Held by its job manager; shown, never stored.
enum class job_state : std::uint8_t {
  created,    ///< accepted, nothing runs; starting it ends this
  scheduling, ///< slots are asked for and subtasks deployed; all running, or a
              ///< failure, ends this
  running,    ///< every subtask runs or has finished; the last one finishing,
              ///< a failure or a command ends this
  stopping,   ///< sources have been told to end, what was read flows out; the
              ///< last subtask finishing ends this
  failing,    ///< a subtask failed, the others are being cancelled; the last
              ///< one gone ends this
  cancelling, ///< told to cancel; the last subtask gone ends this
  restarting, ///< nothing runs, waiting for the restart's delay
  finished,   ///< all input processed. Terminal
  stopped,    ///< stopped cleanly before the end of input. Terminal
  cancelled,  ///< given up on command, results may be missing. Terminal
  failed,     ///< given up because of an error. Terminal
  suspended,  ///< this job manager let go of it, another may take it up.
              ///< Terminal here
};

inline constexpr std::size_t job_state_count = 12;

/// What happens to a job.
enum class job_event : std::uint8_t {
  start,           ///< the dispatcher starts it
  tasks_running,   ///< every subtask runs or has finished
  tasks_finished,  ///< every subtask has finished
  task_failed,     ///< a subtask failed, or none could be deployed
  tasks_gone,      ///< no subtask is alive any more, after a cancel
  restart_granted, ///< the same after a failure, and another try is due
  restart_refused, ///< the same, and no other try is due
  restart_due,     ///< the restart's delay has passed
  cancel,          ///< told to give up
  stop,            ///< told to end cleanly
  suspend,         ///< this job manager lost its leadership
};

inline constexpr std::size_t job_event_count = 11;

/// What a job manager has to do when its job enters a state.
enum class job_action : std::uint8_t {
  none,
  deploy_tasks,  ///< ask for slots, deploy every subtask at a new attempt
  stop_sources,  ///< tell the source subtasks to end
  cancel_tasks,  ///< tell every live subtask to give up
  await_restart, ///< ask to be woken after the delay
  report_end,    ///< give back the slots, answer whoever waits for the end
};

/// How a job ended, as `status` of a summary shows it.
enum class job_outcome : std::uint8_t { finished, stopped, cancelled, failed };

/// Where one subtask of one attempt stands, as its job manager knows it.
enum class task_state : std::uint8_t {
  created,      ///< part of the graph, nothing asked for
  scheduled,    ///< waits for a slot
  deploying,    ///< sent to its task manager
  initializing, ///< restores state and opens its functions
  running,      ///< takes input
  cancelling,   ///< told to give up, has not answered
  finished,     ///< processed everything. Terminal
  cancelled,    ///< gave up on command. Terminal
  failed,       ///< ended by an error. Terminal
};

inline constexpr std::size_t task_state_count = 9;

/// One legal step of a job. An event that leaves the state as it is is legal
/// and has no action.
struct job_transition {
  job_state from;
  job_event event;
  job_state to;
};

/// One legal step of a subtask.
struct task_transition {
  task_state from;
  task_state to;
};

/// All legal steps. What is not in here asserts.
std::span<const job_transition> job_transitions() noexcept;
std::span<const task_transition> task_transitions() noexcept;

/// The state after an event; none: the event is illegal in that state.
std::optional<job_state> next_state(job_state state, job_event event) noexcept;
bool is_legal(task_state from, task_state to) noexcept;

/// What has to be done on entering a state.
job_action action_on_entry(job_state state) noexcept;

/// Nothing can happen any more.
bool is_terminal(job_state state) noexcept;
bool is_terminal(task_state state) noexcept;

/// Some task manager knows the subtask and will report its end.
bool is_alive(task_state state) noexcept;

/// None while the job has not ended, or was suspended.
std::optional<job_outcome> outcome_of(job_state state) noexcept;

/// `ok` for finished and stopped.
exit_code exit_code_of(job_outcome outcome) noexcept;

std::string_view to_string(job_state state) noexcept;
std::string_view to_string(job_event event) noexcept;
std::string_view to_string(job_action action) noexcept;
std::string_view to_string(job_outcome outcome) noexcept;
std::string_view to_string(task_state state) noexcept;

} // namespace flow
