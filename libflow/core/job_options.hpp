#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libflow/core/checkpoint_options.hpp"
#include "libflow/core/error.hpp"
#include "libflow/core/option_set.hpp"
#include "libflow/core/option_values.hpp"
#include "libflow/core/restart_options.hpp"
#include "libflow/core/timestamp.hpp"

namespace flow {

/// What `--explain` prints instead of running the job.
enum class explain_format : std::uint8_t { none, text, json, dot };

/// Everything that every job takes: flags, then `-D`, then `--config`, then the
/// defaults below. A value; fixed once parsed.
struct job_options {
  std::string job_name;

  // Flags.
  std::uint32_t parallelism = 1;
  explain_format explain = explain_format::none;
  bool summary_json = false;
  std::uint64_t watermark_every_rows = 0; ///< 0: by the clock
  std::optional<std::string> job_id;      ///< 32 lower-case hex digits
  std::optional<host_port> metrics;       ///< where to serve them
  std::uint64_t source_rate = 0; ///< records per second, all sources; 0: any
  bool overwrite = false;
  std::uint32_t processes = 0; ///< worker processes; 0: all in this one
  /// "latest", or the directory of a checkpoint; none: a fresh start.
  std::optional<std::string> restore;
  bool allow_non_restored_state = false;

  // Configuration keys.
  std::optional<std::uint32_t> max_parallelism; ///< none: from parallelism
  duration_ms auto_watermark_interval{200};
  duration_ms buffer_timeout{10};          ///< 0: after every input batch
  std::optional<std::uint32_t> task_slots; ///< per worker; none: as needed
  duration_ms cancellation_timeout{180'000};
  restart_options restart;
  checkpoint_options checkpoints;
};

/// Who is asking to have its arguments parsed.
struct program_about {
  std::string name;                  ///< as it is called
  std::string summary;               ///< one sentence
  std::vector<std::string> examples; ///< whole command lines
};

/// The options of a run, or the text that `--help` asked for.
struct parsed_job_options {
  job_options options;
  std::optional<std::string> help;
};

/// The seam for reading `--config FILE`.
using file_reader =
  std::function<expected<std::string>(const std::string& path)>;

/// The whole file; an error names the path and why.
expected<std::string> read_config_file(const std::string& path);

/// Parses the arguments (without the program's name) of a job that declared
/// `own` options; their targets are written. On an error nothing may be used:
/// the program prints it to stderr and ends with `exit_code::usage`.
/// An option of a part that is not built yet is an error that says so.
/// @thread once, by main, before any other thread
expected<parsed_job_options>
parse_job_options(const program_about& about, option_set own,
                  std::span<const std::string> arguments,
                  const file_reader& read_file = read_config_file);

/// The same from what main was given.
expected<parsed_job_options> parse_job_options(const program_about& about,
                                               option_set own, int argc,
                                               const char* const* argv);

} // namespace flow
