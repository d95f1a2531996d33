#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "libflow/checkpoint/checkpoint_statistics.hpp"
#include "libflow/job/job_status.hpp"

namespace flow {

class json_writer;

/// What `--summary json` says of a job that has ended.
struct job_summary {
  std::string job;
  job_outcome status = job_outcome::finished;
  std::uint64_t records_in = 0;  ///< read by sources
  std::uint64_t records_out = 0; ///< written by sinks
  std::uint64_t late_records = 0;
  std::uint64_t skipped_records = 0;
  double seconds = 0;     ///< wall clock, from start to end
  double cpu_seconds = 0; ///< user and system, of all processes of the job
  std::uint64_t peak_rss_bytes = 0;
  std::uint64_t checkpoints_completed = 0;
  std::uint64_t restarts = 0;
  /// Counters of the author's, summed; left out where there are none.
  std::map<std::string, std::uint64_t> counters{};
  /// The last ones, oldest first; left out where there are none.
  std::vector<checkpoint_report> checkpoints;
};

/// Writes further members behind those of the summary.
using summary_members = std::function<void(const job_summary&, json_writer&)>;

/// One JSON object on one line without a line feed, keys as in the struct and
/// in its order; seconds rounded to milliseconds.
[[nodiscard]] std::string to_json(const job_summary& summary,
                                  const summary_members& more = {});

} // namespace flow
