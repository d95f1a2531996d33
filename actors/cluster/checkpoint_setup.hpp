#pragma once

#include <memory>

#include "actors/messages/checkpoint_messages.hpp"
#include "libflow/core/file_system.hpp"
#include "libflow/core/job_options.hpp"
#include "libflow/core/log.hpp"
#include "libflow/graph/job_graph.hpp"

namespace flow {

/// What a job's checkpoints need before it starts.
struct checkpoint_setup {
  /// Null when the job keeps none and is restored from none.
  std::shared_ptr<checkpoint_storage> storage;
  /// Keeps a second process of the same job out; null with the memory backend.
  std::shared_ptr<file_lock> lock;
  checkpoint_start start;
  /// The job with the max parallelism that its state was cut by.
  std::shared_ptr<const job_graph> graph;
};

/// The storage that a job with these options writes its states to, for a worker
/// process; null when it keeps none.
[[nodiscard]] std::shared_ptr<checkpoint_storage>
storage_of(const job_options& options);

/// Opens the storage, takes the lock of the job's folder, and finds what
/// `--restore` asks for. A fresh start removes what an earlier run of the same
/// job left, unless checkpoints are to be retained: its results are gone, so
/// nobody can go on from there.
/// @param options with a job id
/// Errors: another process has the job; there is no checkpoint, it cannot be
/// read, or does not fit the job; those of the file system.
[[nodiscard]] expected<checkpoint_setup>
set_up_checkpoints(std::shared_ptr<file_system> files,
                   std::shared_ptr<const job_graph> graph,
                   const job_options& options, const logger& log);

} // namespace flow
