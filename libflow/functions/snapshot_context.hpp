#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "libflow/core/error.hpp"

namespace flow {

/// What a snapshot is taken for.
enum class snapshot_kind : std::uint8_t {
  checkpoint, ///< for recovery; may build on earlier ones
  savepoint,  ///< complete by itself
};

/// Which snapshot an operator, a reader or a writer is asked for.
struct snapshot_context {
  std::uint64_t checkpoint_id = 0; ///< grows over the job's life, from 1
  snapshot_kind kind = snapshot_kind::checkpoint;
  /// All input was processed and `finish` was called: nothing follows, and only
  /// what is still to be committed may be in the snapshot.
  bool final = false;
};

/// Work that belongs to a snapshot and may block: it has to succeed before the
/// snapshot counts, and is done away from the subtask while records flow. It is
/// done also for a snapshot that nobody wants any more, since what was prepared
/// goes with the next; when it fails the attempt does.
/// @thread any; perhaps beside the work of another snapshot, or after the
///         attempt has ended
using snapshot_work = std::function<expected<void>()>;

/// What a sink's writer gives at a barrier.
struct writer_snapshot {
  /// Entries that are dealt out over the writers of a restored job.
  std::vector<std::vector<std::byte>> entries;
  snapshot_work work; ///< may be empty
  /// Further entries, that are large: made away from the subtask while records
  /// flow, so it refers to nothing that changes. Called once; may be empty.
  std::function<std::vector<std::vector<std::byte>>()> large_entries = {};
};

} // namespace flow
