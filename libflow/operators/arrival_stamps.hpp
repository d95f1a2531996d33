#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "libflow/operators/operator.hpp"
#include "libflow/time/watermark_cadence.hpp"

namespace flow {

/// Ingestion time at a source: records are as old as their arrival, and the
/// watermark follows the clock also while none come. Stamps never fall, so that
/// nothing is late, whatever the wall clock does.
/// Owner: the source's operator. @thread the subtask. Cost: per batch.
class arrival_stamps {
public:
  using nanoseconds = std::chrono::nanoseconds;

  /// @param context its clock outlives this
  explicit arrival_stamps(const operator_context& context);

  void stamp(std::span<timestamp> stamps);

  /// Counts records that went on.
  /// @return the watermark that is due after them
  [[nodiscard]] std::optional<timestamp> on_rows(std::size_t rows);

  /// @return the watermark that is due
  [[nodiscard]] std::optional<timestamp> on_time(nanoseconds now);

  /// When on_time() is due, of the steady clock; the largest value: never.
  [[nodiscard]] nanoseconds next_deadline() const;

  /// No watermarks by the clock any more: nothing may be concluded from what
  /// has not come.
  void stop() noexcept { stopped_ = true; }

  [[nodiscard]] std::vector<std::byte> snapshot() const;
  /// Takes over the highest of several; false for bytes that are cut short.
  [[nodiscard]] bool restore(std::span<const std::byte> bytes);

private:
  [[nodiscard]] std::optional<timestamp> rise();

  const clock* time_;
  watermark_cadence cadence_;
  timestamp latest_ = min_timestamp; // of a stamp
  timestamp mark_ = min_timestamp;   // put out last
  bool stopped_ = false;
};

} // namespace flow
