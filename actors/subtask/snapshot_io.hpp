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

/// One snapshot on its way to the storage: `write`, then `finish`.
/// Owner: whoever does this. @thread one at a time, background ones
class snapshot_writer {
public:
  snapshot_writer(snapshot_writing how, std::uint64_t checkpoint_id,
                  task_capture capture)
    : how_(std::move(how)), checkpoint_id_(checkpoint_id),
      writer_(std::move(capture)) {}

  /// Encodes the capture piece by piece into the storage, which takes a
  /// processor. Frees what the capture refers to as it goes.
  void write();

  /// Does the operators' blocking work, in any case. Waits rather than works.
  [[nodiscard]] written_snapshot finish();

private:
  expected<state_handle> write_state();

  snapshot_writing how_;
  std::uint64_t checkpoint_id_;
  task_capture_writer writer_;
  expected<state_handle> state_{state_handle{}};
};

/// Reads what the task at `place` starts from. Reads the states of all old
/// subtasks where the parallelism has changed or union lists are among it, else
/// its own.
/// @thread a background one
[[nodiscard]] expected<restored_task>
read_restored(checkpoint_storage& storage, const stored_checkpoint& from,
              const task_place& place);

} // namespace flow
