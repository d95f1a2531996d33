#pragma once

#include <string>
#include <vector>

#include "libflow/graph/job_graph.hpp"

namespace flow {

/// How the job takes checkpoints.
enum class checkpoint_mode {
  off,           ///< none: state and positions are lost with a failure
  at_least_once, ///< barriers are not aligned: state may count records twice
  exactly_once,  ///< barriers are aligned
};

/// What one source does when the job is started again after a failure.
struct source_restart {
  std::string source; ///< display name
  std::string text;   ///< "goes on from ..."
};

/// What a job promises from its sources to its sinks.
struct guarantee_report {
  delivery_guarantee level = delivery_guarantee::exactly_once;
  /// The component that keeps the level from being better ("sink 'print'",
  /// "checkpoints are off"); empty for exactly_once.
  std::string limited_by;
  std::string reason; ///< why, one clause
  std::vector<source_restart> sources;
};

/// A job is as good as its weakest source, operator or sink; of several equally
/// weak the first by order of writing is named. Without checkpoints a source
/// that can be read again begins anew after a failure, so what a sink has shown
/// comes again; what cannot be read again is lost. Pure; any thread.
[[nodiscard]] guarantee_report
end_to_end_guarantee(const job_graph& job, checkpoint_mode checkpoints);

/// "exactly-once: ...", one line without its end.
[[nodiscard]] std::string to_string(const guarantee_report& report);

} // namespace flow
