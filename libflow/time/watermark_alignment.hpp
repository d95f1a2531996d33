#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "libflow/core/timestamp.hpp"

namespace flow {

/// How far the sources of a group may run ahead of the slowest: the lowest
/// watermark of all subtasks plus the drift. Without a report nothing is held
/// back.
/// Owner: who hears of all subtasks' watermarks. @thread one
class alignment_group {
public:
  explicit alignment_group(duration_ms drift) : drift_(drift.count()) {}

  /// The latest watermark of a subtask; max_timestamp of one that is idle,
  /// which holds nobody back.
  void report(std::uint32_t subtask, timestamp mark) { marks_[subtask] = mark; }

  /// The subtask has no watermark, or has ended: it holds nobody back.
  void forget(std::uint32_t subtask) { marks_.erase(subtask); }

  /// The lowest watermark; max_timestamp when there is none.
  [[nodiscard]] timestamp lowest() const noexcept {
    timestamp lowest = max_timestamp;
    for (const auto& [subtask, mark] : marks_)
      lowest = mark < lowest ? mark : lowest;
    return lowest;
  }

  /// The watermark above which a subtask pauses.
  [[nodiscard]] timestamp allowed() const noexcept {
    return saturating_add(lowest(), drift_);
  }

private:
  std::int64_t drift_;
  std::map<std::uint32_t, timestamp> marks_;
};

/// The source's side: whether it may read on. It pauses while its own watermark
/// is above the limit.
/// Owner: one source or split. @thread one
class aligned_source {
public:
  /// The limit that the group last said.
  void allow(timestamp limit) noexcept { limit_ = limit; }

  /// The source's watermark; one that is not higher changes nothing.
  void advance(timestamp mark) noexcept {
    if (!mark_ || *mark_ < mark)
      mark_ = mark;
  }

  [[nodiscard]] bool paused() const noexcept {
    return mark_ && *mark_ > limit_;
  }

  /// What it reports to the group: nothing before the first watermark.
  [[nodiscard]] std::optional<timestamp> report() const noexcept {
    return mark_;
  }

private:
  std::optional<timestamp> mark_;
  timestamp limit_ = max_timestamp;
};

} // namespace flow
