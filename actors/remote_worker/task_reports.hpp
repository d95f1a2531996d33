#pragma once

#include <cstdint>

#include "libflow/job/job_status.hpp"

namespace flow {

/// What a worker has said of one task, to tell what it cannot say next: the
/// process of the job believes no other one blindly.
/// Owner: who stands for the worker. @thread the owner's
class task_reports {
public:
  // Each: false, and nothing has changed, when it cannot be true.

  [[nodiscard]] bool deployed() {
    return step(stage::ordered, stage::deployed);
  }
  [[nodiscard]] bool connected() {
    return step(stage::deployed, stage::connected);
  }
  [[nodiscard]] bool changed(task_state to) {
    switch (to) {
    case task_state::running:
      return step(stage::connected, stage::running);
    case task_state::finished:
      return at_ == stage::running;
    case task_state::cancelled:
      return told_to_cancel_;
    case task_state::failed:
      return true;
    case task_state::created:
    case task_state::scheduled:
    case task_state::deploying:
    case task_state::initializing:
    case task_state::cancelling:
      break; // the job's own view of it
    }
    return false;
  }

  void told_to_cancel() noexcept { told_to_cancel_ = true; }

private:
  enum class stage : std::uint8_t {
    ordered,   ///< the worker was told to deploy it
    deployed,  ///< there is an actor
    connected, ///< that knows the ends of its channels
    running,   ///< and has opened its operators
  };

  bool step(stage from, stage to) {
    if (at_ != from)
      return false;
    at_ = to;
    return true;
  }

  stage at_ = stage::ordered;
  bool told_to_cancel_ = false;
};

} // namespace flow
