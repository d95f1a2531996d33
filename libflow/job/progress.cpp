#include "libflow/job/progress.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "libflow/core/units.hpp"

namespace flow {

namespace {

constexpr std::string_view erase_line = "\r\x1b[K";
constexpr std::string_view dim = "\x1b[2m";
constexpr std::string_view plain = "\x1b[0m";

std::string grouped(std::uint64_t value) {
  std::string digits = std::to_string(value);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0;
       at -= 3)
    digits.insert(static_cast<std::size_t>(at), 1, ',');
  return digits;
}

std::string rate_text(double per_second) {
  constexpr std::array<std::pair<double, const char*>, 3> units = {{
    {1e9, " G/s"},
    {1e6, " M/s"},
    {1e3, " k/s"},
  }};
  std::array<char, 32> text{};
  for (const auto& [factor, unit] : units) {
    if (per_second < factor)
      continue;
    const double scaled = per_second / factor;
    std::snprintf(text.data(), text.size(), scaled < 10 ? "%.1f%s" : "%.0f%s",
                  scaled, unit);
    return text.data();
  }
  std::snprintf(text.data(), text.size(), "%.0f/s", per_second);
  return text.data();
}

std::string elapsed_text(std::chrono::milliseconds elapsed) {
  const std::int64_t seconds = elapsed.count() / 1000;
  if (seconds < 60)
    return std::to_string(seconds) + " s";
  if (seconds < 3600)
    return std::to_string(seconds / 60) + " min " + std::to_string(seconds % 60)
           + " s";
  return std::to_string(seconds / 3600) + " h "
         + std::to_string(seconds / 60 % 60) + " min";
}

// Beyond these years the calendar says nothing; a stream that has ended has
// the largest watermark.
constexpr timestamp calendar_end = 253'402'300'800'000; // year 10000

std::string watermark_text(timestamp watermark) {
  if (watermark == max_timestamp)
    return "end";
  if (watermark < 0 || watermark >= calendar_end)
    return std::to_string(watermark) + " ms";
  return format_iso8601(watermark);
}

} // namespace

std::string progress_line(const progress_facts& facts,
                          double records_per_second,
                          std::chrono::milliseconds elapsed) {
  std::string line;
  if (facts.fraction_done) {
    const double fraction = std::clamp(*facts.fraction_done, 0.0, 1.0);
    line += std::to_string(static_cast<int>(fraction * 100)) + " %  ";
  }
  line += grouped(facts.records_in) + " records  ";
  line += rate_text(records_per_second);
  if (facts.watermark != min_timestamp)
    line += "  watermark " + watermark_text(facts.watermark);
  if (facts.late_records > 0)
    line += "  " + grouped(facts.late_records) + " late";
  line += "  " + elapsed_text(elapsed);
  return line;
}

progress_target stderr_progress_target() {
  const char* no_color = std::getenv("NO_COLOR");
  const bool terminal = isatty(STDERR_FILENO) == 1;
  const bool color = terminal && (no_color == nullptr || *no_color == '\0');
  return {[](std::string_view text) {
            std::fwrite(text.data(), 1, text.size(), stderr);
            std::fflush(stderr);
          },
          terminal, color};
}

progress_display::progress_display(progress_target target, time_point now)
  : target_(std::move(target)), start_(now), next_write_(now + interval(false)),
    rate_since_(now) {}

std::chrono::milliseconds
progress_display::interval(bool still) const noexcept {
  if (!target_.terminal)
    return line_interval;
  return still ? still_interval : terminal_interval;
}

void progress_display::update(const progress_facts& facts, time_point now) {
  if (!due(now))
    return;
  const bool still =
    std::exchange(last_records_, facts.records_in) == facts.records_in;
  next_write_ = now + interval(still);
  const auto elapsed =
    std::chrono::duration_cast<std::chrono::milliseconds>(now - start_);
  const std::string line =
    progress_line(facts, rate(facts.records_in, now), elapsed);
  std::string text;
  if (target_.terminal)
    text += erase_line;
  if (target_.color)
    text += dim;
  text += line;
  if (target_.color)
    text += plain;
  if (!target_.terminal)
    text += '\n';
  target_.write(text);
  line_shown_ = target_.terminal;
}

void progress_display::clear() {
  if (std::exchange(line_shown_, false))
    target_.write(erase_line);
}

double progress_display::rate(std::uint64_t records, time_point now) {
  const std::chrono::duration<double> passed = now - rate_since_;
  if (passed.count() <= 0)
    return last_rate_;
  // A restart may count from a lower number again.
  const std::uint64_t read = records - std::min(records, rate_records_);
  const double current = static_cast<double>(read) / passed.count();
  if (passed >= std::chrono::seconds{1} || last_rate_ == 0) {
    last_rate_ = current;
    if (passed >= std::chrono::seconds{1}) {
      rate_since_ = now;
      rate_records_ = records;
    }
  }
  return last_rate_;
}

} // namespace flow
