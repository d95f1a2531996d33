#include "libflow/core/job_options.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

#include "libflow/core/built.hpp"
#include "libflow/core/config_keys.hpp"
#include "libflow/core/key_group.hpp"

namespace flow {

namespace {

// What the common options say beyond job_options itself.
struct common_flags {
  bool help = false;
  std::vector<std::string> settings; // of -D
  std::optional<std::string> config_file;
};

void add_running_options(option_set& set, job_options& options,
                         common_flags& flags) {
  set
    .add("parallelism", &options.parallelism, "N", "subtasks of each operator",
         {1, max_max_parallelism})
    .short_name('p');
  set.add("D", &flags.settings, "KEY=VALUE",
          "sets a configuration key; any number of times");
  set.add("config", &flags.config_file, "FILE",
          "configuration keys as TOML; -D goes before it");
  set.add("watermark-every", &options.watermark_every_rows, "ROWS",
          "a watermark after so many rows of a source; 0: by the clock");
  set.add("source-rate", &options.source_rate, "N",
          "records per second of all sources together; 0: no limit");
  set.add("processes", &options.processes, "N",
          "worker processes; 0: all in this process", {0, 256});
  set.add("overwrite", &options.overwrite,
          "empties the output directory of what an earlier run wrote");
}

void add_restore_options(option_set& set, job_options& options) {
  set
    .add("restore", &options.restore, "latest|PATH",
         "goes on from a checkpoint or savepoint")
    .short_name('s');
  set
    .add("allow-non-restored-state", &options.allow_non_restored_state,
         "state that no operator claims is left out")
    .short_name('n');
}

void add_showing_options(option_set& set, job_options& options,
                         common_flags& flags) {
  set.add_choice("explain", &options.explain,
                 {{"text", explain_format::text},
                  {"json", explain_format::json},
                  {"dot", explain_format::dot}},
                 "prints the job's graph instead of running it");
  option_spec summary;
  summary.name = "summary";
  summary.value_name = "json";
  summary.help = "one JSON object as the last line of stdout";
  summary.take = [&options](std::string_view text) -> expected<void> {
    constexpr std::string_view only[] = {"json"};
    if (const auto choice = choice_value(text, only); !choice)
      return choice.error();
    options.summary_json = true;
    return {};
  };
  set.add_custom(std::move(summary));
  set.add("metrics", &options.metrics, "serves Prometheus text there");
  option_spec job_id;
  job_id.name = "job-id";
  job_id.value_name = "HEX32";
  job_id.help = "identity over restarts; by default from the job's name and "
                "output directory";
  job_id.take = [&options](std::string_view text) -> expected<void> {
    auto value = hex32_value(text);
    if (!value)
      return value.error();
    options.job_id = std::move(*value);
    return {};
  };
  set.add_custom(std::move(job_id));
  set.add("help", &flags.help, "prints this and ends").short_name('h');
}

std::string help_text(const program_about& about, const std::string& own,
                      const std::string& common) {
  std::string out = "Usage: " + about.name + " [OPTION]...\n\n";
  append_wrapped(out, about.summary, 0);
  if (!own.empty())
    out.append("\nOptions of ").append(about.name).append(":\n").append(own);
  out.append("\nOptions of every job:\n").append(common);
  out += "\nConfiguration keys, by -D KEY=VALUE or --config FILE:\n";
  out += config_help();
  out += "\nDURATION: digits and one of ms s min m h d; a bare number is "
         "milliseconds.\nSIZE: digits and one of B KiB MiB GiB.\n"
         "Exit codes: 0 done, 1 failed, 2 usage, 3 not found, 4 cluster "
         "unreachable,\n5 timed out, 6 data damaged, 130 and 143 ended by a "
         "signal.\n";
  if (!about.examples.empty())
    out += "\nExamples:\n";
  for (const std::string& example : about.examples)
    out.append("  ").append(example).append("\n");
  return out;
}

expected<void> apply_config_file(job_options& options, const std::string& path,
                                 const file_reader& read_file) {
  const auto text = read_file(path);
  if (!text)
    return usage_error("--config: " + text.error().text);
  return set_config_toml(options, *text, path);
}

expected<void> apply_setting(job_options& options, std::string_view setting) {
  const std::size_t equals = setting.find('=');
  if (equals == std::string_view::npos || equals == 0)
    return usage_error("-D: '" + std::string{setting} + "' is not KEY=VALUE");
  const auto done = set_config_key(options, setting.substr(0, equals),
                                   setting.substr(equals + 1));
  return done ? expected<void>{} : usage_error("-D: " + done.error().text);
}

expected<void> apply_keys(job_options& options, const common_flags& flags,
                          const file_reader& read_file) {
  if (flags.config_file)
    if (auto done = apply_config_file(options, *flags.config_file, read_file);
        !done)
      return done;
  for (const std::string& setting : flags.settings)
    if (auto done = apply_setting(options, setting); !done)
      return done;
  return {};
}

expected<void> check_checkpoints(const job_options& options) {
  const auto& checkpoints = options.checkpoints;
  const bool in_files =
    checkpoints.backend_kind() != state_backend_kind::memory;
  if (in_files && checkpoints.dir.empty())
    return usage_error("state.backend.type=filesystem needs a directory: set "
                       "execution.checkpointing.dir");
  if (options.restore == "latest" && !in_files)
    return usage_error(
      checkpoints.dir.empty()
        ? "--restore latest needs execution.checkpointing.dir: "
          "checkpoints in memory end with the process"
        : "--restore latest: state.backend.type=memory keeps "
          "checkpoints in memory, which end with the process");
  return {};
}

expected<void> check_together(const job_options& options) {
  if (auto done = check_checkpoints(options); !done)
    return done;
  if (options.max_parallelism && *options.max_parallelism < options.parallelism)
    return usage_error("pipeline.max-parallelism is "
                       + std::to_string(*options.max_parallelism)
                       + ", less than the parallelism of "
                       + std::to_string(options.parallelism));
  return {};
}

} // namespace

expected<std::string> read_config_file(const std::string& path) {
  std::ifstream file{path};
  std::ostringstream text;
  // Opening a folder succeeds, reading from it does not.
  if (file && file.peek() != std::ifstream::traits_type::eof())
    text << file.rdbuf();
  if (!file.is_open() || file.bad())
    return error{error_code::io, path + " cannot be read: "
                                   + std::strerror(errno == 0 ? EIO : errno)};
  return text.str();
}

expected<parsed_job_options>
parse_job_options(const program_about& about, option_set own,
                  std::span<const std::string> arguments,
                  const file_reader& read_file) {
  parsed_job_options result;
  result.options.job_name = about.name;
  common_flags flags;
  option_set common;
  add_running_options(common, result.options, flags);
  add_restore_options(common, result.options);
  add_showing_options(common, result.options, flags);
  const std::string own_help = own.help();
  const std::string common_help = common.help();
  own.append(std::move(common));

  if (const auto taken = own.take_arguments(arguments); !taken)
    return taken.error();
  if (flags.help) {
    result.help = help_text(about, own_help, common_help);
    return result;
  }
  if (const auto done = own.finish(); !done)
    return done.error();
  if (const auto done = apply_keys(result.options, flags, read_file); !done)
    return done.error();
  if (const auto done = check_together(result.options); !done)
    return done.error();
  return result;
}

expected<parsed_job_options> parse_job_options(const program_about& about,
                                               option_set own, int argc,
                                               const char* const* argv) {
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0),
                                           argv + argc);
  return parse_job_options(about, std::move(own), arguments);
}

} // namespace flow
