#include "libflow/core/config_keys.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

// A wrong file is a value here, like every other error.
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "libflow/core/built.hpp"
#include "libflow/core/key_group.hpp"
#include "libflow/core/option_values.hpp"
#include "libflow/core/suggest.hpp"
#include "libflow/core/units.hpp"

namespace flow {

namespace {

using applied = expected<void>;

applied store(duration_ms& target, std::string_view text) {
  const auto value = parse_duration(text);
  if (!value)
    return value.error();
  target = *value;
  return {};
}

template <class Int>
applied store(Int& target, std::string_view text, int_range range) {
  const auto value = integer_value(text, range);
  if (!value)
    return value.error();
  target = static_cast<Int>(*value);
  return {};
}

applied store(double& target, std::string_view text, double least) {
  const auto value = decimal_value(text, least);
  if (!value)
    return value.error();
  target = *value;
  return {};
}

error not_built(std::string_view what) {
  std::string text{what};
  return {error_code::invalid_argument,
          text.append(" is not built yet in this version")};
}

applied restart_type(job_options& options, std::string_view text) {
  constexpr std::array<std::string_view, 4> names = {
    "none", "fixed-delay", "exponential-delay", "failure-rate"};
  const auto index = choice_value(text, names);
  if (!index)
    return index.error();
  options.restart.kind = static_cast<restart_kind>(*index);
  return {};
}

applied backend_type(job_options& options, std::string_view text) {
  constexpr std::array<std::string_view, 3> names = {"memory", "filesystem",
                                                     "leveldb"};
  const auto index = choice_value(text, names);
  if (!index)
    return index.error();
  const auto kind = static_cast<state_backend_kind>(*index);
  if (kind == state_backend_kind::leveldb && !built.leveldb_state)
    return not_built(text);
  options.checkpoints.backend = kind;
  return {};
}

applied checkpoint_interval(job_options& options, std::string_view text) {
  duration_ms interval{0};
  if (auto done = store(interval, text); !done)
    return done;
  if (interval.count() < 1)
    return error{error_code::invalid_argument,
                 "an interval is at least 1ms; leave the key out for no "
                 "checkpoints"};
  options.checkpoints.interval = interval;
  return {};
}

applied checkpoint_mode_of(job_options& options, std::string_view text) {
  constexpr std::array<std::string_view, 2> names = {"exactly-once",
                                                     "at-least-once"};
  const auto index = choice_value(text, names);
  if (!index)
    return index.error();
  options.checkpoints.mode = static_cast<barrier_mode>(*index);
  return {};
}

applied checkpoint_retention_of(job_options& options, std::string_view text) {
  constexpr std::array<std::string_view, 3> names = {
    "retain-on-cancellation", "delete-on-cancellation", "none"};
  if (text == "NO_EXTERNALIZED_CHECKPOINTS")
    text = "none"; // as Flink's files have it
  const auto index = choice_value(text, names);
  if (!index)
    return index.error();
  options.checkpoints.retention = static_cast<checkpoint_retention>(*index);
  return {};
}

// Barriers that overtake are not built yet.
applied aligned_timeout(job_options&, std::string_view text) {
  duration_ms after{0};
  if (auto done = store(after, text); !done)
    return done;
  return after.count() == 0
           ? applied{}
           : applied{not_built("an unaligned checkpoint (a value above 0)")};
}

applied checkpoint_dir(job_options& options, std::string_view text) {
  if (text.empty())
    return error{error_code::invalid_argument, "a directory is wanted"};
  options.checkpoints.dir = text;
  return {};
}

// Of keys that are refused before their value is looked at.
applied nowhere(job_options&, std::string_view) {
  return {};
}

using options_ref = job_options&;
using text_view = std::string_view;

constexpr config_key all_keys[] = {
  {"execution.checkpointing.interval", "DURATION", "",
   "time between checkpoints; none: no checkpoints", true, checkpoint_interval},
  {"execution.checkpointing.mode", "exactly-once|at-least-once", "exactly-once",
   "whether barriers are aligned", true, checkpoint_mode_of},
  {"execution.checkpointing.timeout", "DURATION", "10min",
   "a checkpoint that takes longer is given up", true,
   [](options_ref o, text_view text) {
     return store(o.checkpoints.timeout, text);
   }},
  {"execution.checkpointing.min-pause", "DURATION", "0ms",
   "least time between the end of one and the next", true,
   [](options_ref o, text_view text) {
     return store(o.checkpoints.min_pause, text);
   }},
  {"execution.checkpointing.max-concurrent-checkpoints", "N", "1",
   "how many may be under way at once", true,
   [](options_ref o, text_view text) {
     return store(o.checkpoints.max_concurrent, text, {1, 1000});
   }},
  {"execution.checkpointing.tolerable-failed-checkpoints", "N", "0",
   "how many may fail in a row before the job does", true,
   [](options_ref o, text_view text) {
     return store(o.checkpoints.tolerable_failures, text, {0, 1'000'000'000});
   }},
  {"execution.checkpointing.aligned-checkpoint-timeout", "DURATION", "0ms",
   "after this barriers overtake; 0: never", true, aligned_timeout},
  {"execution.checkpointing.num-retained", "N", "1",
   "how many completed checkpoints are kept", true,
   [](options_ref o, text_view text) {
     return store(o.checkpoints.num_retained, text, {1, 1'000'000});
   }},
  {"execution.checkpointing.externalized-checkpoint-retention", "POLICY",
   "none",
   "what happens to them when the job ends: retain-on-cancellation, "
   "delete-on-cancellation or none",
   true, checkpoint_retention_of},
  {"execution.checkpointing.dir", "DIR", "", "where checkpoints lie", true,
   checkpoint_dir},
  {"execution.checkpointing.savepoint-dir", "DIR", "", "where savepoints lie",
   built.savepoints, nowhere},
  {"state.backend.type", "memory|filesystem|leveldb", "memory",
   "where state and its snapshots are held; with a checkpoint directory "
   "filesystem is the default",
   true, backend_type},
  {"restart-strategy.type", "none|fixed-delay|exponential-delay|failure-rate",
   "",
   "whether a failed job is tried again; by default exponential-delay with "
   "checkpoints, else none",
   true, restart_type},
  {"restart-strategy.fixed-delay.attempts", "N", "1", "how often", true,
   [](options_ref o, text_view text) {
     return store(o.restart.fixed_delay.attempts, text, {0});
   }},
  {"restart-strategy.fixed-delay.delay", "DURATION", "1s", "how long after",
   true,
   [](options_ref o, text_view text) {
     return store(o.restart.fixed_delay.delay, text);
   }},
  {"restart-strategy.exponential-delay.initial-backoff", "DURATION", "1s",
   "the first delay", true,
   [](options_ref o, text_view text) {
     return store(o.restart.exponential_delay.initial_backoff, text);
   }},
  {"restart-strategy.exponential-delay.max-backoff", "DURATION", "1min",
   "the longest delay", true,
   [](options_ref o, text_view text) {
     return store(o.restart.exponential_delay.max_backoff, text);
   }},
  {"restart-strategy.exponential-delay.backoff-multiplier", "NUMBER", "1.5",
   "how much longer each delay is", true,
   [](options_ref o, text_view text) {
     return store(o.restart.exponential_delay.backoff_multiplier, text, 1.0);
   }},
  {"restart-strategy.exponential-delay.reset-backoff-threshold", "DURATION",
   "1h", "after so long without a failure it begins anew", true,
   [](options_ref o, text_view text) {
     return store(o.restart.exponential_delay.reset_backoff_threshold, text);
   }},
  {"restart-strategy.exponential-delay.jitter-factor", "NUMBER", "0.1",
   "share of a delay that is random", true,
   [](options_ref o, text_view text) {
     return store(o.restart.exponential_delay.jitter_factor, text, 0.0);
   }},
  {"restart-strategy.exponential-delay.attempts-before-reset-backoff", "N",
   "-1", "how often before it begins anew; -1: no limit", true,
   [](options_ref o, text_view text) {
     return store(o.restart.exponential_delay.attempts_before_reset, text,
                  {-1});
   }},
  {"restart-strategy.failure-rate.max-failures-per-interval", "N", "1",
   "how many failures are borne", true,
   [](options_ref o, text_view text) {
     return store(o.restart.failure_rate.max_failures_per_interval, text, {0});
   }},
  {"restart-strategy.failure-rate.failure-rate-interval", "DURATION", "1min",
   "in how long a time", true,
   [](options_ref o, text_view text) {
     return store(o.restart.failure_rate.interval, text);
   }},
  {"restart-strategy.failure-rate.delay", "DURATION", "1s", "how long after",
   true,
   [](options_ref o, text_view text) {
     return store(o.restart.failure_rate.delay, text);
   }},
  {"pipeline.max-parallelism", "N", "",
   "number of key groups, the most that a job can be scaled to; none: from "
   "the parallelism, at least 128",
   true,
   [](options_ref o, text_view text) {
     return store(o.max_parallelism, text, {1, max_max_parallelism});
   }},
  {"pipeline.auto-watermark-interval", "DURATION", "200ms",
   "time between watermarks; 0: none by the clock", true,
   [](options_ref o, text_view text) {
     return store(o.auto_watermark_interval, text);
   }},
  {"execution.buffer-timeout", "DURATION", "10ms",
   "longest time that a record waits for its batch to fill; 0: none", true,
   [](options_ref o, text_view text) { return store(o.buffer_timeout, text); }},
  {"taskmanager.numberOfTaskSlots", "N", "",
   "slots of a worker; none: as many as the job needs", true,
   [](options_ref o, text_view text) {
     return store(o.task_slots, text, {1, max_max_parallelism});
   }},
  {"taskmanager.memory.process.size", "SIZE", "", "memory budget of a worker",
   built.memory_budget, nowhere},
  {"io.tmp.dirs", "DIR[,DIR]", "/tmp", "where working files lie",
   built.leveldb_state, nowhere},
  {"task.cancellation.timeout", "DURATION", "3min",
   "a worker whose subtask ignores a cancel for so long is ended", true,
   [](options_ref o, text_view text) {
     return store(o.cancellation_timeout, text);
   }},
};

struct toml_entry {
  std::string key;
  std::string value;
  std::size_t line;
};

// A scalar as somebody would have written it after `-D key=`.
std::optional<std::string> scalar_text(const toml::node& node) {
  if (const auto* text = node.as_string())
    return text->get();
  if (const auto* flag = node.as_boolean())
    return flag->get() ? "true" : "false";
  if (const auto* number = node.as_integer())
    return std::to_string(number->get());
  if (const auto* number = node.as_floating_point()) {
    std::ostringstream out;
    out << number->get();
    return out.str();
  }
  return std::nullopt;
}

error at_line(const std::string& path, std::size_t line, std::string text) {
  return {error_code::invalid_argument,
          path + ":" + std::to_string(line) + ": " + std::move(text)};
}

// Nested tables become dotted keys.
expected<void> flatten(const toml::table& table, const std::string& prefix,
                       const std::string& path,
                       std::vector<toml_entry>& entries) {
  for (const auto& [name, node] : table) {
    const std::string key = prefix + std::string{name.str()};
    const auto line = static_cast<std::size_t>(node.source().begin.line);
    if (const auto* inner = node.as_table()) {
      if (auto done = flatten(*inner, key + ".", path, entries); !done)
        return done;
      continue;
    }
    auto value = scalar_text(node);
    if (!value)
      return at_line(path, line,
                     key + ": a text, a number or a boolean is wanted");
    entries.push_back({key, std::move(*value), line});
  }
  return {};
}

} // namespace

std::span<const config_key> config_keys() {
  return all_keys;
}

expected<void> set_config_key(job_options& options, std::string_view name,
                              std::string_view value) {
  std::vector<std::string_view> names;
  for (const config_key& key : all_keys) {
    if (key.name != name) {
      names.push_back(key.name);
      continue;
    }
    std::string prefix{name};
    if (!key.built)
      return not_built("key " + prefix);
    if (const auto done = key.apply(options, value); !done)
      return error{error_code::invalid_argument,
                   prefix.append(": ").append(done.error().text)};
    return {};
  }
  return error{error_code::invalid_argument, "unknown key '" + std::string{name}
                                               + "'"
                                               + did_you_mean(name, names)};
}

expected<void> set_config_toml(job_options& options, std::string_view text,
                               const std::string& path) {
  const toml::parse_result parsed = toml::parse(text, path);
  if (!parsed) {
    const toml::parse_error& wrong = parsed.error();
    return at_line(path, wrong.source().begin.line,
                   std::string{wrong.description()});
  }
  std::vector<toml_entry> entries;
  if (auto done = flatten(parsed.table(), "", path, entries); !done)
    return done;
  std::ranges::stable_sort(entries, {}, &toml_entry::line);
  for (const toml_entry& entry : entries)
    if (auto done = set_config_key(options, entry.key, entry.value); !done)
      return at_line(path, entry.line, done.error().text);
  return {};
}

std::string config_help() {
  std::string out;
  std::string later;
  for (const config_key& key : all_keys) {
    std::string meaning{key.help};
    if (!key.default_text.empty())
      meaning.append(" (default ").append(key.default_text).append(")");
    std::string entry{key.name};
    append_help_entry(key.built ? out : later,
                      entry.append("=").append(key.kind), meaning);
  }
  if (later.empty())
    return out;
  out += "\nKeys that this version knows but has not built yet; setting one is "
         "an error:\n";
  return out += later;
}

} // namespace flow
