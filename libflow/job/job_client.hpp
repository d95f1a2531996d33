#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libflow/core/error.hpp"
#include "libflow/core/job_options.hpp"
#include "libflow/graph/job_graph.hpp"
#include "libflow/job/job_status.hpp"
#include "libflow/job/job_summary.hpp"
#include "libflow/job/progress.hpp"
#include "libflow/job/worker_process.hpp"

namespace flow {

/// How a job ended.
struct job_result {
  job_outcome outcome = job_outcome::finished;
  std::optional<error> cause; ///< of a failed job
  job_summary summary;
  std::vector<std::string> failures; ///< the last ones, oldest first
  /// Where `--restore` would go on; empty: nowhere.
  std::string resume_from;
};

/// One subtask as `job_status_report` shows it.
struct subtask_report {
  std::string vertex;
  std::uint32_t index = 0;
  task_state state = task_state::created;
  std::string waiting_for;        ///< why it does not run; empty when it does
  std::string watermark_holder;   ///< who has the lowest watermark
  std::optional<double> progress; ///< share read, of a source that knows
};

/// A running job at one moment.
struct job_status_report {
  job_state state = job_state::created;
  progress_facts progress;
  std::vector<subtask_report> subtasks; ///< by task number
  checkpoint_history checkpoints;       ///< theirs too
};

/// A job that was started. Ending the handle of a job that has not ended
/// cancels it and waits.
/// @thread any
class running_job {
public:
  virtual ~running_job() = default;

  /// Blocks until the job has ended, at most for `at_most`; none: it runs on.
  virtual std::optional<job_result> wait(std::chrono::milliseconds at_most) = 0;

  /// Calls f once the job has ended, on any thread; at once if it has. At most
  /// one f; it only tells whoever waits, and must not use the job.
  virtual void on_end(std::function<void()> f) = 0;

  /// Sources end, what was read is processed. Returns at once.
  virtual void stop() = 0;

  /// Gives up; results may be missing. Returns at once.
  virtual void cancel() = 0;

  /// Begins a checkpoint whatever its interval says; nothing happens where none
  /// can begin: the job takes none, or as many as it may. Returns at once.
  virtual void take_checkpoint() = 0;

  /// The last checkpoints, with what each cost every subtask.
  [[nodiscard]] virtual checkpoint_history checkpoints() = 0;

  /// Asks every subtask; may take some 200 ms when user code is busy.
  [[nodiscard]] virtual job_status_report status() = 0;

  /// Reads counters only; costs no messages.
  [[nodiscard]] virtual progress_facts progress() = 0;

  /// Metrics as Prometheus text.
  [[nodiscard]] virtual std::string metrics() = 0;
};

/// Starts a job in an embedded cluster. Implemented by flow::runtime, which
/// the program links. In a worker process it serves the job, and does not
/// return.
/// Errors: not enough slots, or threads that cannot be started.
[[nodiscard]] expected<std::unique_ptr<running_job>>
start_job(std::shared_ptr<const job_graph> graph, const job_options& options);

} // namespace flow
