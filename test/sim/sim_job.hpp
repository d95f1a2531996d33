#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libflow/connectors/files/output_directory.hpp"
#include "libflow/core/file_system.hpp"
#include "libflow/flow.hpp"

namespace flow::sim {

/// The job of the simulation: numbers per key, counted along by keyed state
/// and, in event time, by tumbling windows; both written to files.
///
///     numbers --key--> count along --> results/   key,seq,attempt
///        `------key--> windows -----> late/       key,window,count
struct sim_job {
  std::int64_t keys = 6;
  std::int64_t per_key = 40;
  /// A reader gives at most so many records at once.
  std::int64_t burst = 4;
  /// And then rests for so long.
  std::chrono::milliseconds rest{3};
};

inline constexpr std::string_view sim_output = "/out";
/// One of the folders that an output directory is known to have.
inline constexpr std::string_view windows_folder = late_folder;

/// Event time between two numbers of a key, and the length of a window.
inline constexpr duration_ms number_distance{100};
inline constexpr duration_ms window_length{1000};

/// @pre the options have a job name
[[nodiscard]] std::shared_ptr<const job_graph>
sim_graph(const sim_job& job, const job_options& options,
          const std::shared_ptr<file_system>& files);

/// What is wrong with the committed rows, given by file name: one text each.
struct audit_rules {
  bool complete = true;     ///< nothing may be missing
  bool exactly_once = true; ///< nothing may be there twice or out of order
};
[[nodiscard]] std::vector<std::string>
audit(const sim_job& job, const std::map<std::string, std::string>& files,
      const audit_rules& rules);

} // namespace flow::sim
