#include "libflow/core/job_options.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "libflow/core/built.hpp"
#include "libflow/core/config_keys.hpp"

using namespace flow;
using namespace std::chrono_literals;

namespace {

using words = std::vector<std::string>;

const program_about about = {
  "flights",
  "Counts flights and their delays per airport and hour.",
  {"flights --input flights.csv --airports airports.csv --output out",
   "flights --input flights.csv --airports airports.csv --output out "
   "--explain text"}};

struct flights_options {
  std::string input;
  std::string output;
  std::chrono::milliseconds window = 1h;
  std::int64_t delayed_after = 15;

  option_set declare() {
    option_set set;
    set.add("input", &input, "FILE", "flights as CSV").required();
    set.add("output", &output, "DIR", "where results are written").required();
    set.add("window", &window, "length of a window");
    set.add("delayed-after", &delayed_after, "MIN",
            "a flight is delayed beyond so many minutes", {0});
    return set;
  }
};

expected<parsed_job_options> parse(words arguments,
                                   const std::string& file = {}) {
  flights_options own;
  arguments.insert(arguments.end(), {"--input", "a", "--output", "b"});
  return parse_job_options(
    about, own.declare(), arguments,
    [&](const std::string& path) -> expected<std::string> {
      if (path == "missing.toml")
        return error{error_code::io, "missing.toml cannot be read: No such "
                                     "file or directory"};
      return file;
    });
}

std::string error_text(const words& arguments, const std::string& file = {}) {
  const auto parsed = parse(arguments, file);
  if (parsed)
    return "";
  CHECK(parsed.error().code == error_code::invalid_argument);
  return parsed.error().text;
}

std::string text_of_file(const std::string& path) {
  std::ifstream file{path};
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

} // namespace

TEST_CASE("without options a job has the documented defaults") {
  const auto parsed = parse({});
  REQUIRE(parsed);
  const job_options& options = parsed->options;
  CHECK_FALSE(parsed->help.has_value());
  CHECK(options.job_name == "flights");
  CHECK(options.parallelism == 1);
  CHECK(options.explain == explain_format::none);
  CHECK_FALSE(options.summary_json);
  CHECK(options.watermark_every_rows == 0);
  CHECK_FALSE(options.job_id.has_value());
  CHECK_FALSE(options.metrics.has_value());
  CHECK(options.source_rate == 0);
  CHECK_FALSE(options.overwrite);
  CHECK_FALSE(options.max_parallelism.has_value());
  CHECK(options.auto_watermark_interval == 200ms);
  CHECK(options.buffer_timeout == 10ms);
  CHECK_FALSE(options.task_slots.has_value());
  CHECK(options.cancellation_timeout == 3min);
  CHECK_FALSE(options.restart.kind.has_value());
}

TEST_CASE("flags of every job arrive") {
  const auto parsed =
    parse({"-p", "4", "--explain=json", "--summary", "json",
           "--watermark-every", "1", "--job-id",
           "0123456789ABCDEF0123456789abcdef", "--metrics", "localhost:9249",
           "--source-rate", "1000", "--overwrite", "--processes", "3"});
  REQUIRE(parsed);
  const job_options& options = parsed->options;
  CHECK(options.parallelism == 4);
  CHECK(options.explain == explain_format::json);
  CHECK(options.summary_json);
  CHECK(options.watermark_every_rows == 1);
  CHECK(options.job_id == "0123456789abcdef0123456789abcdef");
  CHECK(options.metrics == host_port{"localhost", 9249});
  CHECK(options.source_rate == 1000);
  CHECK(options.overwrite);
  CHECK(options.processes == 3);
}

TEST_CASE("keys arrive from -D and from nested and dotted TOML") {
  const auto parsed =
    parse({"-D", "execution.buffer-timeout=0",
           "-Dtaskmanager.numberOfTaskSlots=8", "--config", "flow.toml"},
          "pipeline.max-parallelism = 256\n"
          "execution.buffer-timeout = \"1s\"\n"
          "[pipeline]\n"
          "auto-watermark-interval = 50\n"
          "[task.cancellation]\n"
          "timeout = \"1min\"\n");
  // A table that was opened by a dotted key cannot be opened again.
  REQUIRE_FALSE(parsed);
  const auto again =
    parse({"-D", "execution.buffer-timeout=0",
           "-Dtaskmanager.numberOfTaskSlots=8", "--config", "flow.toml"},
          "execution.buffer-timeout = \"1s\"\n"
          "[pipeline]\n"
          "max-parallelism = 256\n"
          "auto-watermark-interval = 50\n"
          "[task.cancellation]\n"
          "timeout = \"1min\"\n");
  REQUIRE(again);
  const job_options& options = again->options;
  CHECK(options.max_parallelism == 256);
  CHECK(options.buffer_timeout == 0ms); // -D goes before the file
  CHECK(options.auto_watermark_interval == 50ms);
  CHECK(options.task_slots == 8);
  CHECK(options.cancellation_timeout == 1min);
}

TEST_CASE("the last -D of a key is the one that holds") {
  const auto parsed =
    parse({"-Dexecution.buffer-timeout=1s", "-Dexecution.buffer-timeout=2s"});
  REQUIRE(parsed);
  CHECK(parsed->options.buffer_timeout == 2s);
}

TEST_CASE("a wrong flag or key is named, with what to do") {
  struct row {
    words arguments;
    const char* text;
  };
  const std::vector<row> rows = {
    {{"--paralelism", "2"},
     "unknown option '--paralelism'; did you mean '--parallelism'?"},
    {{"-p", "0"}, "--parallelism: '0' is not an integer from 1 to 32768"},
    {{"-p", "two"}, "--parallelism: 'two' is not an integer from 1 to 32768"},
    {{"--explain", "xml"}, "--explain: 'xml' is not one of text, json, dot"},
    {{"--summary", "jsn"},
     "--summary: 'jsn' is not one of json; did you mean 'json'?"},
    {{"--job-id", "12"}, "--job-id: '12' is not 32 hexadecimal digits"},
    {{"--metrics", "9249"}, "--metrics: '9249' is not HOST:PORT"},
    {{"--delayed-after", "-1"},
     "--delayed-after: '-1' is not an integer of at least 0"},
    {{"-D", "x"}, "-D: 'x' is not KEY=VALUE"},
    {{"-D", "=x"}, "-D: '=x' is not KEY=VALUE"},
    {{"-D", "execution.buffer-timeot=1"},
     "-D: unknown key 'execution.buffer-timeot'; did you mean "
     "'execution.buffer-timeout'?"},
    {{"-D", "colour=red"}, "-D: unknown key 'colour'"},
    {{"-D", "pipeline.max-parallelism=0"},
     "-D: pipeline.max-parallelism: '0' is not an integer from 1 to 32768"},
    {{"-D", "state.backend.type=memry"},
     "-D: state.backend.type: 'memry' is not one of memory, filesystem, "
     "leveldb; did you mean 'memory'?"},
    {{"-p", "8", "-D", "pipeline.max-parallelism=4"},
     "pipeline.max-parallelism is 4, less than the parallelism of 8"},
    {{"--config", "missing.toml"},
     "--config: missing.toml cannot be read: No such file or directory"},
  };
  for (const row& r : rows)
    CHECK(error_text(r.arguments) == r.text);
}

TEST_CASE("an error in a file names its line") {
  const words config = {"--config", "flow.toml"};
  CHECK(error_text(config, "\n[execution]\nbuffer-timeot = 1\n")
        == "flow.toml:3: unknown key 'execution.buffer-timeot'; did you mean "
           "'execution.buffer-timeout'?");
  CHECK(error_text(config, "[execution]\n\nbuffer-timeout = [1]\n")
        == "flow.toml:3: execution.buffer-timeout: a text, a number or a "
           "boolean is wanted");
  CHECK(error_text(config, "zzz = 1\naaa = 1\n")
        == "flow.toml:1: unknown key 'zzz'");
  CHECK(error_text(config, "a = 1\nb = = 2\n").starts_with("flow.toml:2: "));
  CHECK(error_text(config, "\nexecution.buffer-timeout = -1\n")
          .starts_with("flow.toml:2: execution.buffer-timeout: "));
}

TEST_CASE("what is not built yet is refused by name") {
  struct row {
    bool is_built;
    words arguments;
    const char* text;
  };
  const std::vector<row> rows = {
    {built.savepoints,
     {"-Dexecution.checkpointing.savepoint-dir=/x"},
     "-D: key execution.checkpointing.savepoint-dir is not built yet in this "
     "version"},
    {built.leveldb_state,
     {"-Dstate.backend.type=leveldb"},
     "-D: state.backend.type: leveldb is not built yet in this version"},
    {built.memory_budget,
     {"-Dtaskmanager.memory.process.size=1GiB"},
     "-D: key taskmanager.memory.process.size is not built yet in this "
     "version"},
    {built.leveldb_state,
     {"-Dio.tmp.dirs=/tmp"},
     "-D: key io.tmp.dirs is not built yet in this version"},
  };
  for (const row& r : rows)
    if (!r.is_built)
      CHECK(error_text(r.arguments) == r.text);
  CHECK(error_text({"-Dstate.backend.type=memory"}) == "");
  CHECK(error_text({"-Drestart-strategy.type=none"}) == "");
}

TEST_CASE("keys of checkpoints arrive") {
  const auto parsed =
    parse({"-D",
           "execution.checkpointing.interval=250ms",
           "-D",
           "execution.checkpointing.mode=at-least-once",
           "-D",
           "execution.checkpointing.timeout=1min",
           "-D",
           "execution.checkpointing.min-pause=5",
           "-D",
           "execution.checkpointing.max-concurrent-checkpoints=2",
           "-D",
           "execution.checkpointing.tolerable-failed-checkpoints=3",
           "-D",
           "execution.checkpointing.num-retained=4",
           "-D",
           "execution.checkpointing.dir=/c",
           "-D",
           "execution.checkpointing.externalized-checkpoint-retention="
           "retain-on-cancellation",
           "-s",
           "latest",
           "-n"});
  REQUIRE(parsed);
  const checkpoint_options& options = parsed->options.checkpoints;
  CHECK(options.interval == 250ms);
  CHECK(options.mode == barrier_mode::at_least_once);
  CHECK(options.timeout == 1min);
  CHECK(options.min_pause == 5ms);
  CHECK(options.max_concurrent == 2);
  CHECK(options.tolerable_failures == 3);
  CHECK(options.num_retained == 4);
  CHECK(options.dir == "/c");
  CHECK(options.retention == checkpoint_retention::retain_on_cancellation);
  CHECK(options.backend_kind() == state_backend_kind::filesystem);
  CHECK(parsed->options.restore == "latest");
  CHECK(parsed->options.allow_non_restored_state);
}

TEST_CASE("values of configuration files for Flink are understood") {
  const auto parsed =
    parse({"-Dexecution.checkpointing.mode=AT_LEAST_ONCE",
           "-Dexecution.checkpointing.externalized-checkpoint-retention="
           "RETAIN_ON_CANCELLATION"});
  REQUIRE(parsed);
  const checkpoint_options& options = parsed->options.checkpoints;
  CHECK(options.mode == barrier_mode::at_least_once);
  CHECK(options.retention == checkpoint_retention::retain_on_cancellation);
  CHECK(parse({"-Dexecution.checkpointing.externalized-checkpoint-retention="
               "NO_EXTERNALIZED_CHECKPOINTS"}));
}

TEST_CASE("what cannot be kept or found is refused before the job starts") {
  CHECK(error_text({"-s", "latest"})
        == "--restore latest needs execution.checkpointing.dir: checkpoints in "
           "memory end with the process");
  CHECK(error_text({"-s", "latest", "-Dexecution.checkpointing.dir=/c",
                    "-Dstate.backend.type=memory"})
        == "--restore latest: state.backend.type=memory keeps checkpoints in "
           "memory, which end with the process");
  CHECK(error_text({"-Dstate.backend.type=filesystem"})
        == "state.backend.type=filesystem needs a directory: set "
           "execution.checkpointing.dir");
  CHECK(error_text({"-Dexecution.checkpointing.interval=0"})
          .starts_with("-D: execution.checkpointing.interval: "));
  CHECK(error_text({"-Dexecution.checkpointing.aligned-checkpoint-timeout=1s"})
          .ends_with("is not built yet in this version"));
}

TEST_CASE("every key of the interface is known") {
  std::set<std::string_view> known;
  for (const config_key& key : config_keys())
    CHECK(known.insert(key.name).second);
  for (const char* name :
       {"execution.checkpointing.interval",
        "execution.checkpointing.mode",
        "execution.checkpointing.timeout",
        "execution.checkpointing.min-pause",
        "execution.checkpointing.max-concurrent-checkpoints",
        "execution.checkpointing.tolerable-failed-checkpoints",
        "execution.checkpointing.aligned-checkpoint-timeout",
        "execution.checkpointing.num-retained",
        "execution.checkpointing.externalized-checkpoint-retention",
        "execution.checkpointing.dir",
        "execution.checkpointing.savepoint-dir",
        "state.backend.type",
        "restart-strategy.type",
        "pipeline.max-parallelism",
        "pipeline.auto-watermark-interval",
        "execution.buffer-timeout",
        "taskmanager.numberOfTaskSlots",
        "taskmanager.memory.process.size",
        "io.tmp.dirs",
        "task.cancellation.timeout"}) {
    CAPTURE(name);
    CHECK(known.contains(name));
  }
}

TEST_CASE("the defaults that the help shows are those that hold") {
  for (const config_key& key : config_keys()) {
    job_options options;
    CAPTURE(key.name);
    if (!key.default_text.empty())
      CHECK(key.apply(options, key.default_text).has_value());
    CHECK(options.auto_watermark_interval
          == job_options{}.auto_watermark_interval);
    CHECK(options.buffer_timeout == job_options{}.buffer_timeout);
    CHECK(options.cancellation_timeout == job_options{}.cancellation_timeout);
    const auto& shown = options.restart;
    const restart_options held;
    CHECK(shown.kind == held.kind);
    CHECK(shown.fixed_delay.attempts == held.fixed_delay.attempts);
    CHECK(shown.fixed_delay.delay == held.fixed_delay.delay);
    CHECK(shown.exponential_delay.initial_backoff
          == held.exponential_delay.initial_backoff);
    CHECK(shown.exponential_delay.max_backoff
          == held.exponential_delay.max_backoff);
    CHECK(shown.exponential_delay.backoff_multiplier
          == held.exponential_delay.backoff_multiplier);
    CHECK(shown.exponential_delay.reset_backoff_threshold
          == held.exponential_delay.reset_backoff_threshold);
    CHECK(shown.exponential_delay.jitter_factor
          == held.exponential_delay.jitter_factor);
    CHECK(shown.exponential_delay.attempts_before_reset
          == held.exponential_delay.attempts_before_reset);
    CHECK(shown.failure_rate.max_failures_per_interval
          == held.failure_rate.max_failures_per_interval);
    CHECK(shown.failure_rate.interval == held.failure_rate.interval);
    CHECK(shown.failure_rate.delay == held.failure_rate.delay);
  }
}

TEST_CASE("help needs no other option and is as the golden file has it") {
  flights_options own;
  const words arguments = {"--help"};
  const auto parsed = parse_job_options(about, own.declare(), arguments);
  REQUIRE(parsed);
  REQUIRE(parsed->help.has_value());
  const std::string golden = "test/golden/help.txt";
  if (std::getenv("FLOW_UPDATE_GOLDEN") != nullptr)
    std::ofstream{golden} << *parsed->help;
  CHECK(*parsed->help == text_of_file(golden));

  std::istringstream lines{*parsed->help};
  for (std::string line; std::getline(lines, line);)
    if (!line.starts_with("  flights "))
      CHECK(line.size() <= 80);
}

TEST_CASE("an unknown option beside --help is still an error") {
  flights_options own;
  const words arguments = {"--help", "--nothing-like-it"};
  CHECK_FALSE(parse_job_options(about, own.declare(), arguments));
}

TEST_CASE("a file that is not there is an error with its path") {
  const auto text = read_config_file("test/golden/there-is-none.toml");
  REQUIRE_FALSE(text);
  CHECK(text.error().text
        == "test/golden/there-is-none.toml cannot be read: No such file or "
           "directory");
}
