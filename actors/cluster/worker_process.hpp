#pragma once

#include <memory>

#include "libflow/core/job_options.hpp"
#include "libflow/graph/job_graph.hpp"
#include "libflow/job/job_client.hpp"

namespace flow {

/// The life of a worker process: serves subtasks of the job that this program
/// has built, until the job has ended or the process that runs it is gone. A
/// program may execute several jobs, one after the other, and each has worker
/// processes of its own: they pass over the jobs before, as if these had
/// finished. So what the program builds must not depend on their results; it is
/// refused as another job if it does.
/// @param execution which of the program's jobs it is, from 1
/// @return a job that was passed over; else it does not return
/// @pre in_worker_process()
[[nodiscard]] std::unique_ptr<running_job>
serve_as_worker(std::uint32_t execution, std::shared_ptr<const job_graph> graph,
                const job_options& options);

} // namespace flow
