#pragma once

#include <chrono>
#include <cstdint>
#include <limits>

namespace flow {

/// Event time and wall-clock time: milliseconds since 1970-01-01T00:00Z; may
/// be negative.
using timestamp = std::int64_t;

/// Of a record without a timestamp, and of a watermark before the first.
inline constexpr timestamp min_timestamp =
  std::numeric_limits<timestamp>::min();

/// Of the watermark that ends a bounded stream.
inline constexpr timestamp max_timestamp =
  std::numeric_limits<timestamp>::max();

using duration_ms = std::chrono::milliseconds;

/// a + b, held at the bounds of timestamp.
constexpr timestamp saturating_add(timestamp a, std::int64_t b) noexcept {
  timestamp sum = 0;
  if (__builtin_add_overflow(a, b, &sum))
    return b > 0 ? max_timestamp : min_timestamp;
  return sum;
}

} // namespace flow
