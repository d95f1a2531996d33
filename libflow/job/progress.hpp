#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "libflow/core/timestamp.hpp"

namespace flow {

/// What a running job shows of itself.
struct progress_facts {
  std::uint64_t records_in = 0;
  std::uint64_t late_records = 0;
  timestamp watermark = min_timestamp; ///< min_timestamp: none yet
  std::optional<double> fraction_done; ///< 0..1, when the source knows its end
};

/// "1,234,567 records  345 k/s  watermark 2001-01-01T00:00:00Z  2 late  12 s",
/// at most 140 columns. With a fraction the line begins with "42 %".
[[nodiscard]] std::string progress_line(const progress_facts& facts,
                                        double records_per_second,
                                        std::chrono::milliseconds elapsed);

/// Where the display writes. Owner: the display.
struct progress_target {
  std::function<void(std::string_view)> write; ///< to stderr
  bool terminal = false; ///< rewrites one line; else a line every few seconds
  bool color = false;    ///< only on a terminal, and not with NO_COLOR
};

/// Writes to stderr of this process; asks the system whether that is a
/// terminal, and the environment for NO_COLOR.
[[nodiscard]] progress_target stderr_progress_target();

/// The live line of a running job. Owner: whoever waits for the job.
/// @thread the owner's alone
class progress_display {
public:
  using time_point = std::chrono::nanoseconds; ///< monotonic, any epoch

  static constexpr std::chrono::milliseconds terminal_interval{200};
  static constexpr std::chrono::milliseconds still_interval{1000};
  static constexpr std::chrono::milliseconds line_interval{5000};

  progress_display(progress_target target, time_point now);

  /// Whether `update` would write: ask before gathering facts, which costs
  /// more.
  [[nodiscard]] bool due(time_point now) const noexcept {
    return now >= next_write_;
  }

  /// When `update` would write next.
  [[nodiscard]] time_point next_update() const noexcept { return next_write_; }

  /// May be called at any rate; writes at most once per interval, which on a
  /// terminal is longer while no records come.
  void update(const progress_facts& facts, time_point now);

  /// Takes the live line away (terminal), so that what follows starts clean.
  /// Call it before anything else is written to the same place.
  void clear();

private:
  [[nodiscard]] std::chrono::milliseconds interval(bool still) const noexcept;
  [[nodiscard]] double rate(std::uint64_t records, time_point now);

  const progress_target target_;
  const time_point start_;
  time_point next_write_;
  std::uint64_t last_records_ = 0;
  // The rate is measured over the last one to two seconds.
  time_point rate_since_;
  std::uint64_t rate_records_ = 0;
  double last_rate_ = 0;
  bool line_shown_ = false;
};

} // namespace flow
