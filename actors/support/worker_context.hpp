#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "actors/support/caf.hpp"
#include "libflow/checkpoint/checkpoint_storage.hpp"
#include "libflow/core/executor.hpp"
#include "libflow/core/log.hpp"
#include "libflow/metrics/metric_registry.hpp"
#include "libflow/time/clock.hpp"

namespace flow {

/// What all actors of a process share. Owner: the composition root; outlives
/// the actor system.
struct worker_context {
  const clock* time = nullptr;
  metric_registry* metrics = nullptr;
  logger log{log_level::off, [](std::string_view) {}, [] { return 0; }};
  /// Where work goes that blocks. Outlives the actor system.
  executor* background = nullptr;
  /// Where snapshots become bytes: fewer at a time than there are processors,
  /// so that records flow beside them. Ends before `background`.
  executor* encoders = nullptr;
  /// Of the job's checkpoints; null when it keeps none.
  std::shared_ptr<checkpoint_storage> storage = nullptr;
  /// False in a simulation: the whole cluster runs in the scheduler's thread.
  bool detach = true;
  /// While true subtasks do nothing: whoever runs the job may have given this
  /// process up. Null where that cannot happen. Outlives the actors.
  const std::atomic<bool>* fenced = nullptr;
  /// Ends the process at once: user code that ignores a cancel holds a thread
  /// that nobody can take back.
  std::function<void()> end_process = [] {};
};

/// Spawns an actor that must not wait for user code, or may itself block: on a
/// thread of its own, except in a simulation.
template <class Actor, class Self, class... Args>
caf::actor spawn_apart(Self& parent, const worker_context& shared,
                       Args&&... args) {
  if (shared.detach)
    return parent.template spawn<Actor, caf::detached>(
      std::forward<Args>(args)...);
  return parent.template spawn<Actor>(std::forward<Args>(args)...);
}

} // namespace flow
