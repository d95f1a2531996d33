#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>

#include "libflow/core/timestamp.hpp"
#include "libflow/time/time_domain.hpp"

namespace flow {

/// The times start <= t < end, in milliseconds. A value.
struct time_window {
  timestamp start = 0;
  timestamp end = 0;

  /// The last time within: a watermark of at least this completes the window,
  /// and its results carry it.
  [[nodiscard]] constexpr timestamp max_timestamp() const noexcept {
    return saturating_add(end, -1);
  }

  /// When its contents go: no record is accepted once the watermark is here.
  /// Held at the largest time, which means never.
  [[nodiscard]] constexpr timestamp
  cleanup_time(duration_ms allowed_lateness) const noexcept {
    return saturating_add(max_timestamp(), allowed_lateness.count());
  }

  /// True also of windows that only touch.
  [[nodiscard]] constexpr bool
  intersects(const time_window& other) const noexcept {
    return start <= other.end && end >= other.start;
  }

  /// The least window that holds both.
  [[nodiscard]] constexpr time_window
  cover(const time_window& other) const noexcept {
    return {std::min(start, other.start), std::max(end, other.end)};
  }

  friend constexpr auto operator<=>(const time_window&,
                                    const time_window&) = default;
};

/// The one window that holds all times. It ends with the stream.
struct global_window {
  std::uint8_t none = 0; // records and namespaces have a field at least

  [[nodiscard]] static constexpr timestamp max_timestamp() noexcept {
    return flow::max_timestamp;
  }
  [[nodiscard]] static constexpr timestamp cleanup_time(duration_ms) noexcept {
    return flow::max_timestamp;
  }

  friend constexpr auto operator<=>(const global_window&,
                                    const global_window&) = default;
};

/// Whether a window of event time accepts no record any more.
template <class Window>
[[nodiscard]] constexpr bool is_window_late(const Window& window,
                                            duration_ms allowed_lateness,
                                            timestamp watermark) noexcept {
  return window.cleanup_time(allowed_lateness) <= watermark;
}

/// Whether a record that no window accepted is late: counted, or sent to the
/// late output. One that is not belonged to no window, or to closed ones alone
/// although it came in time.
[[nodiscard]] constexpr bool is_record_late(timestamp at,
                                            duration_ms allowed_lateness,
                                            timestamp watermark) noexcept {
  return saturating_add(at, allowed_lateness.count()) <= watermark;
}

} // namespace flow
