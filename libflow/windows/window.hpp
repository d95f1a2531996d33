#pragma once

#include "libflow/core/timestamp.hpp"

namespace flow {

/// The event times start <= t < end, in milliseconds. A value.
struct time_window {
  timestamp start = 0;
  timestamp end = 0;

  /// The last time within: a watermark of at least this completes the window,
  /// and its results carry it.
  [[nodiscard]] constexpr timestamp max_timestamp() const noexcept {
    return end - 1;
  }

  /// When its contents go: no record is accepted once the watermark is here.
  /// Held at the largest time, which means never.
  [[nodiscard]] constexpr timestamp
  cleanup_time(duration_ms allowed_lateness) const noexcept {
    return saturating_add(max_timestamp(), allowed_lateness.count());
  }

  friend constexpr bool operator==(const time_window&,
                                   const time_window&) = default;
};

} // namespace flow
