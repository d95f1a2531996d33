#pragma once

#include <memory>

#include "libflow/core/job_options.hpp"
#include "libflow/graph/job_graph.hpp"

namespace flow {

/// The life of a worker process: serves subtasks of the job that this program
/// has built, until the job has ended or the process that runs it is gone.
/// @pre in_worker_process()
[[noreturn]] void serve_as_worker(std::shared_ptr<const job_graph> graph,
                                  const job_options& options);

} // namespace flow
