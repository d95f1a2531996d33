#pragma once

#include <cstddef>
#include <span>

#include "libflow/core/error.hpp"

namespace flow {

/// Where the bytes of snapshots go. The tables of `libflow/state` hold the
/// working state whatever the backend; a backend takes what their snapshots
/// write, in steps, and gives it back at a restore.
/// Implementations are in backends/.
/// Owner: the subtask's snapshot writer.
/// @thread the writer's, which may block
class snapshot_output {
public:
  snapshot_output() = default;
  snapshot_output(const snapshot_output&) = delete;
  snapshot_output& operator=(const snapshot_output&) = delete;
  virtual ~snapshot_output() = default;

  /// Appends; blocks of state_format.hpp are never cut between two calls.
  virtual expected<void> append(std::span<const std::byte> bytes) = 0;

  /// Makes what was appended lasting. Without it, nothing was written.
  virtual expected<void> close() = 0;
};

} // namespace flow
