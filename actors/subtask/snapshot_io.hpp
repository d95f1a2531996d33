#pragma once

#include <atomic>
#include <string>

#include "actors/messages/task_plan.hpp"
#include "actors/subtask/task.hpp"
#include "libflow/checkpoint/checkpoint_storage.hpp"

namespace flow {

/// How a snapshot is written. @thread a background one
struct snapshot_writing {
  std::shared_ptr<checkpoint_storage> storage; ///< null: only the work is done
  std::string name;                            ///< of the state
  /// Set by whoever has no use for it any more.
  std::shared_ptr<const std::atomic<bool>> given_up;
};

struct written_snapshot {
  /// Errors: those of the storage; cancelled.
  expected<state_handle> state;
  /// What became of the operators' blocking work; an error fails the attempt,
  /// for what it prepared cannot be relied upon.
  expected<void> work;
};

/// Encodes the capture piece by piece into the storage, and does the operators'
/// blocking work in any case. Frees what the capture refers to as it goes.
[[nodiscard]] written_snapshot write_snapshot(const snapshot_writing& how,
                                              std::uint64_t checkpoint_id,
                                              task_capture capture);

/// Reads what the task at `place` starts from. Reads the states of all old
/// subtasks where the parallelism has changed, else its own.
/// @thread a background one
[[nodiscard]] expected<restored_task>
read_restored(checkpoint_storage& storage, const stored_checkpoint& from,
              const task_place& place);

} // namespace flow
