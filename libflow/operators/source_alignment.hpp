#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "libflow/core/alignment_options.hpp"
#include "libflow/time/watermark_alignment.hpp"

namespace flow {

/// What an operator that makes watermarks is asked when its source keeps step
/// with others. @thread the subtask
class alignable_watermarks {
public:
  virtual ~alignable_watermarks() = default;

  /// The watermark that the records so far allow, put out or not;
  /// min_timestamp: none.
  [[nodiscard]] virtual timestamp reached() const = 0;

  /// The stream is idle, or has ended.
  [[nodiscard]] virtual bool silent() const = 0;

  /// The source is not read from now on, or is again: such time is no silence.
  /// @param now of the steady clock
  virtual void hold(bool held, std::chrono::nanoseconds now) = 0;
};

/// The side of one source subtask: whether it may read on, and what the others
/// are to be told. All times are of the steady clock.
/// Owner: the task. @thread the subtask. Cost: a few calls a poll or step.
class source_alignment {
public:
  using nanoseconds = std::chrono::nanoseconds;

  /// @param watermarks outlives this
  source_alignment(alignable_watermarks& watermarks,
                   const alignment_options& how)
    : watermarks_(watermarks), max_drift_(how.max_drift.count()),
      interval_(how.update_interval) {}

  /// The watermark above which it may not read on.
  void allow(timestamp limit) noexcept {
    limit_ = limit;
    source_.allow(limit);
  }

  /// Whether it may not read now. To be asked before each poll.
  [[nodiscard]] bool holds(nanoseconds now);

  /// What holds() said last.
  [[nodiscard]] bool held() const noexcept { return held_; }

  /// What the others are to be told now: its watermark, max_timestamp when it
  /// holds nobody back, min_timestamp when it has none yet. Nothing when they
  /// know, or were told less than an interval ago.
  [[nodiscard]] std::optional<timestamp> take_report(nanoseconds now);

  /// When there is something to tell; the largest value: nothing.
  [[nodiscard]] nanoseconds next_report() const;

  /// Milliseconds of its watermark above the lowest of the group, as far as it
  /// was told; nothing while either is unknown.
  [[nodiscard]] std::optional<std::int64_t> drift() const;

private:
  [[nodiscard]] timestamp to_report() const;

  alignable_watermarks& watermarks_;
  const std::int64_t max_drift_; // ms
  const nanoseconds interval_;
  aligned_source source_;
  timestamp limit_ = max_timestamp;
  std::optional<timestamp> reported_;
  nanoseconds next_{0}; // earliest time of the next report
  bool held_ = false;
};

} // namespace flow
