#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace flow {

/// How much a log says; each includes those before it.
enum class log_level : std::uint8_t {
  off,   ///< nothing
  error, ///< a job or a command failed
  warn,  ///< goes on, but somebody should look
  info,  ///< the steps of a job; the default
  debug, ///< the steps of subtasks
  trace, ///< single messages
};

std::string_view to_string(log_level level) noexcept;

/// The level of that name; nothing for any other text.
std::optional<log_level> log_level_from(std::string_view name) noexcept;

/// What a line is about; empty fields are left out.
struct log_context {
  std::string job;
  std::string operator_name;
  std::optional<std::uint32_t> subtask;
  std::optional<std::uint32_t> attempt;
};

/// Writes lines such as
/// `2001-01-01T00:00:00.250Z warn  flights window[2]#1: waits for credit`.
/// A cheap value: copies share where they write; `with` gives one that speaks
/// for a subtask. A line is written whole or not at all, never torn; that it
/// could not be written is not an error. Line breaks within a text are written
/// as `\n`, so that a line is one event.
/// Cost: a line that is below the level costs a comparison; build its text
/// under `enabled` where that is dear.
/// @thread any
class logger {
public:
  using line_writer = std::function<void(std::string_view line)>;
  /// Milliseconds since 1970, the seam for the clock.
  using wall_clock = std::function<std::int64_t()>;

  /// To stderr of this process, at the level that FLOW_LOG_LEVEL names (info
  /// if it names none).
  static logger to_stderr();

  /// `write` gets whole lines with their end, one at a time.
  logger(log_level level, line_writer write, wall_clock now);

  [[nodiscard]] logger with(log_context context) const;

  [[nodiscard]] bool enabled(log_level level) const noexcept {
    return level <= level_;
  }

  void error(std::string_view text) const { log(log_level::error, text); }
  void warn(std::string_view text) const { log(log_level::warn, text); }
  void info(std::string_view text) const { log(log_level::info, text); }
  void debug(std::string_view text) const { log(log_level::debug, text); }
  void trace(std::string_view text) const { log(log_level::trace, text); }

  void log(log_level level, std::string_view text) const;

private:
  struct output;

  log_level level_;
  std::shared_ptr<output> output_;
  std::string prefix_; // the context's text
};

} // namespace flow
