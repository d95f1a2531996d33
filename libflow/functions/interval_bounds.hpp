#pragma once

#include <cstdint>

#include "libflow/core/timestamp.hpp"

namespace flow {

/// Which records of two streams belong together by their timestamps: right in
/// left + [lower, upper], in whole milliseconds, both bounds included.
struct interval_bounds {
  std::int64_t lower = 0;
  std::int64_t upper = 0;

  /// Times of right records that a left one of this time joins with.
  [[nodiscard]] timestamp first_right(timestamp left) const noexcept {
    return saturating_add(left, lower);
  }
  [[nodiscard]] timestamp last_right(timestamp left) const noexcept {
    return saturating_add(left, upper);
  }
  /// The same the other way round.
  [[nodiscard]] timestamp first_left(timestamp right) const noexcept {
    return saturating_add(right, -upper);
  }
  [[nodiscard]] timestamp last_left(timestamp right) const noexcept {
    return saturating_add(right, -lower);
  }

  /// Once the watermark has reached this time, nothing can come that a record
  /// joins with.
  [[nodiscard]] timestamp end_of_left(timestamp left) const noexcept {
    return upper > 0 ? saturating_add(left, upper) : left;
  }
  [[nodiscard]] timestamp end_of_right(timestamp right) const noexcept {
    return lower < 0 ? saturating_add(right, -lower) : right;
  }
};

/// What a join function may ask about the pair at hand. What it emits carries
/// the larger of both timestamps.
/// @thread the subtask; valid during the call only
struct interval_join_context {
  timestamp left = min_timestamp;
  timestamp right = min_timestamp;

  [[nodiscard]] timestamp record_timestamp() const noexcept {
    return left < right ? right : left;
  }
};

} // namespace flow
