#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "libflow/core/error.hpp"
#include "libflow/core/timestamp.hpp"
#include "libflow/job/job_status.hpp"
#include "libflow/job/restart_strategy.hpp"

namespace flow {

/// One thing a job manager has to do now, in the order given.
struct job_step {
  job_action action = job_action::none;
  duration_ms restart_delay{0}; ///< of await_restart

  friend bool operator==(const job_step&, const job_step&) = default;
};

/// The states of a job and of its subtasks, without any actor: takes what
/// happens, says what to do. Owner: the job manager, for the job's life.
/// Every report about a subtask carries the attempt it belongs to; one of an
/// older attempt is dropped (not an error: its subtask has been replaced), as
/// is one that says nothing new: reports may come twice, or late.
/// An event that is illegal in the present state is a broken invariant.
/// Cost: a step is O(1) but for deploying and cancelling, O(subtasks).
/// @thread the owner's alone
class job_lifecycle {
public:
  using steps = std::vector<job_step>;

  /// @pre task_count > 0
  job_lifecycle(std::size_t task_count,
                std::unique_ptr<restart_strategy> restart);

  /// All subtasks wait for slots after this.
  steps start();

  /// A subtask of `attempt` is in a new state. A failure comes through
  /// `task_failed`.
  steps task_changed(std::size_t task, std::uint32_t attempt, task_state state,
                     timestamp now);

  /// A subtask ended with an error. The first error of an attempt is the one
  /// that is reported; an error of severity fatal allows no restart.
  steps task_failed(std::size_t task, std::uint32_t attempt, error cause,
                    timestamp now);

  /// The job could not be deployed (slots, artefacts).
  steps deployment_failed(std::uint32_t attempt, error cause, timestamp now);

  /// May come at any time, also again, also after the end.
  steps cancel(timestamp now);
  steps stop(timestamp now);

  /// The delay of the restart after `attempt` has passed. Late ones are
  /// dropped.
  steps restart_due(std::uint32_t attempt);

  /// @pre not ended
  steps suspend();

  [[nodiscard]] job_state state() const noexcept { return state_; }
  [[nodiscard]] task_state task(std::size_t index) const;
  [[nodiscard]] std::size_t task_count() const noexcept {
    return tasks_.size();
  }
  /// 0 before the first deployment, then from 1.
  [[nodiscard]] std::uint32_t attempt() const noexcept { return attempt_; }
  [[nodiscard]] std::uint32_t restarts() const noexcept {
    return attempt_ == 0 ? 0 : attempt_ - 1;
  }
  /// Of the last attempt that failed.
  [[nodiscard]] const std::optional<error>& cause() const noexcept {
    return cause_;
  }

private:
  void apply(job_event event, steps& out);
  void enter(job_state next, steps& out);
  [[nodiscard]] bool is_over(std::size_t task, task_state reported) const;
  void set_task(std::size_t index, task_state next);
  void mark_all_scheduled();
  void mark_all_cancelling();
  void settle(timestamp now, steps& out);
  steps fail(error cause, timestamp now);
  [[nodiscard]] std::size_t count(task_state state) const noexcept;

  const std::unique_ptr<restart_strategy> restart_;
  std::vector<task_state> tasks_;
  std::array<std::size_t, task_state_count> counts_{};
  job_state state_ = job_state::created;
  std::uint32_t attempt_ = 0;
  bool stop_requested_ = false;
  std::optional<error> cause_;
};

} // namespace flow
