#pragma once

#include "libflow/core/error.hpp"
#include "libflow/windows/window.hpp"

namespace flow {

/// Windows of one size, one after the other without gaps: every time is in
/// exactly one. They start at the multiples of the size, moved by the offset.
/// Each window is one slice of state.
/// Pure; any thread. Cost of window_of: two divisions.
class tumbling_windows {
public:
  /// @return an error unless 0 < size and -size < offset < size
  [[nodiscard]] static expected<tumbling_windows>
  make(duration_ms size, duration_ms offset = duration_ms{0});

  /// The window of a time. One that would reach beyond the range of times ends
  /// at its bound.
  [[nodiscard]] time_window window_of(timestamp at) const noexcept {
    const timestamp into = floor_modulo(at, size_);
    const timestamp since_start =
      into >= offset_ ? into - offset_ : into - offset_ + size_;
    return {saturating_add(at, -since_start),
            saturating_add(at, size_ - since_start)};
  }

  [[nodiscard]] duration_ms size() const noexcept { return duration_ms{size_}; }

  /// From 0 to size() - 1.
  [[nodiscard]] duration_ms offset() const noexcept {
    return duration_ms{offset_};
  }

private:
  tumbling_windows(timestamp size, timestamp offset) noexcept
    : size_(size), offset_(floor_modulo(offset, size)) {}

  [[nodiscard]] static constexpr timestamp
  floor_modulo(timestamp value, timestamp size) noexcept {
    const timestamp remainder = value % size;
    return remainder < 0 ? remainder + size : remainder;
  }

  timestamp size_;
  timestamp offset_; // 0 <= offset_ < size_
};

} // namespace flow
