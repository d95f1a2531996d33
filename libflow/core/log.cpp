#include "libflow/core/log.hpp"

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <utility>

#include "libflow/core/units.hpp"

namespace flow {

namespace {

constexpr std::array<std::string_view, 6> level_names = {
  "off", "error", "warn", "info", "debug", "trace",
};

void append_one_line(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == '\n')
      out += "\\n";
    else if (c == '\r')
      out += "\\r";
    else
      out += c;
  }
}

// "flights window[2]#1: ": job, operator, subtask, attempt.
std::string prefix_of(const log_context& context) {
  std::string prefix;
  append_one_line(prefix, context.job);
  if (!prefix.empty() && !context.operator_name.empty())
    prefix += ' ';
  append_one_line(prefix, context.operator_name);
  if (context.subtask)
    prefix.append("[").append(std::to_string(*context.subtask)).append("]");
  if (context.attempt)
    prefix.append("#").append(std::to_string(*context.attempt));
  if (!prefix.empty())
    prefix += ": ";
  return prefix;
}

std::int64_t system_now_ms() {
  using namespace std::chrono;
  const auto now = system_clock::now().time_since_epoch();
  return duration_cast<milliseconds>(now).count();
}

} // namespace

struct logger::output {
  line_writer write;
  wall_clock now;
  std::mutex mutex; // lines are written one at a time
};

std::string_view to_string(log_level level) noexcept {
  return level_names[static_cast<std::size_t>(level)];
}

std::optional<log_level> log_level_from(std::string_view name) noexcept {
  for (std::size_t i = 0; i < level_names.size(); ++i)
    if (level_names[i] == name)
      return static_cast<log_level>(i);
  return std::nullopt;
}

logger logger::to_stderr() {
  const char* wanted = std::getenv("FLOW_LOG_LEVEL");
  const auto level = log_level_from(wanted == nullptr ? "" : wanted);
  const auto write = [](std::string_view line) {
    std::fwrite(line.data(), 1, line.size(), stderr);
    std::fflush(stderr);
  };
  return {level.value_or(log_level::info), write, system_now_ms};
}

logger::logger(log_level level, line_writer write, wall_clock now)
  : level_(level), output_(std::make_shared<output>()) {
  output_->write = std::move(write);
  output_->now = std::move(now);
}

logger logger::with(log_context context) const {
  logger result = *this;
  result.prefix_ = prefix_of(context);
  return result;
}

void logger::log(log_level level, std::string_view text) const {
  if (level == log_level::off || !enabled(level))
    return;
  std::string line;
  append_iso8601(line, output_->now());
  const std::string_view name = to_string(level);
  line.append(" ").append(name).append(6 - name.size(), ' ');
  line += prefix_;
  append_one_line(line, text);
  line += '\n';
  const std::lock_guard lock{output_->mutex};
  output_->write(line);
}

} // namespace flow
