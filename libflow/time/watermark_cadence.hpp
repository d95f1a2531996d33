#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "libflow/core/assert.hpp"
#include "libflow/core/timestamp.hpp"

namespace flow {

/// When a generator is asked for its watermark: by the clock or every n rows.
/// Owner: the operator that generates; one thread. Reads no clock.
class watermark_cadence {
public:
  using nanoseconds = std::chrono::nanoseconds;

  /// No cut within any batch.
  static constexpr std::size_t no_cut = std::numeric_limits<std::size_t>::max();

  /// Due when `interval` has passed since the last time it was due, or since
  /// `start`; never when interval is 0. Intervals that were missed are not
  /// made up for.
  /// @param start of the steady clock
  [[nodiscard]] static watermark_cadence by_clock(duration_ms interval,
                                                  nanoseconds start) {
    FLOW_ASSERT(interval.count() >= 0, "the interval is not negative");
    watermark_cadence result;
    result.interval_ = interval;
    result.next_ = start + result.interval_;
    return result;
  }

  /// Due after each n-th row, counted over all batches.
  /// @pre rows > 0
  [[nodiscard]] static watermark_cadence every_rows(std::uint64_t rows) {
    FLOW_ASSERT(rows > 0, "a watermark every 0 rows");
    watermark_cadence result;
    result.every_ = rows;
    return result;
  }

  /// Rows until a watermark is due, at least 1; `no_cut` when by the clock. A
  /// longer batch has to be cut there.
  [[nodiscard]] std::size_t rows_until_cut() const noexcept {
    return every_ == 0 ? no_cut : static_cast<std::size_t>(every_ - since_);
  }

  /// Counts rows that passed.
  /// @pre rows <= rows_until_cut()
  /// @return true when a watermark is due after them
  [[nodiscard]] bool on_rows(std::size_t rows) {
    if (every_ == 0)
      return false;
    FLOW_ASSERT(rows <= rows_until_cut(), "a batch was not cut");
    since_ += rows;
    if (since_ < every_)
      return false;
    since_ = 0;
    return true;
  }

  /// @param now of the steady clock
  /// @return true when a watermark is due
  [[nodiscard]] bool on_time(nanoseconds now) noexcept {
    if (interval_.count() == 0 || now < next_)
      return false;
    next_ = now + interval_;
    return true;
  }

  /// When on_time() will be true, of the steady clock; the largest value when
  /// never.
  [[nodiscard]] nanoseconds next_deadline() const noexcept {
    return interval_.count() == 0 ? nanoseconds::max() : next_;
  }

  /// Rows since the last watermark was due: what a snapshot keeps, so that
  /// the cuts fall on the same rows after a restore.
  [[nodiscard]] std::uint64_t rows_since_cut() const noexcept { return since_; }

  /// Takes over a count; one of a cadence that had a larger n is dropped.
  void restore(std::uint64_t rows_since_cut) noexcept {
    since_ = rows_since_cut < every_ ? rows_since_cut : 0;
  }

private:
  watermark_cadence() = default;

  nanoseconds interval_{0}; // 0: not by the clock
  nanoseconds next_{0};
  std::uint64_t every_ = 0; // 0: not by rows
  std::uint64_t since_ = 0; // < every_
};

} // namespace flow
