#pragma once

#include <cstddef>
#include <numeric>

#include "libflow/windows/assigners.hpp"

namespace flow {

/// How sliding windows are cut into slices: all of one length, such that each
/// window is a whole number of them. Pure; any thread.
class slice_grid {
public:
  explicit slice_grid(const sliding_windows& windows)
    : size_(windows.size().count()), slide_(windows.slide().count()),
      offset_(windows.offset().count()), length_(std::gcd(size_, slide_)) {}

  [[nodiscard]] timestamp size() const noexcept { return size_; }
  [[nodiscard]] timestamp slide() const noexcept { return slide_; }
  [[nodiscard]] timestamp offset() const noexcept { return offset_; }
  /// Of a slice.
  [[nodiscard]] timestamp length() const noexcept { return length_; }

  [[nodiscard]] timestamp slice_start(timestamp at) const noexcept {
    return window_start(at, offset_, length_);
  }

  /// The newest window that holds a slice; it ends before the slice begins
  /// where no window holds it.
  [[nodiscard]] time_window newest_window(timestamp slice) const noexcept {
    const timestamp start = window_start(slice, offset_, slide_);
    return {start, saturating_add(start, size_)};
  }

  /// The end of the oldest window that holds a slice.
  /// @pre some window does
  [[nodiscard]] timestamp oldest_end(timestamp slice) const noexcept {
    return first_end_from(saturating_add(slice, length_));
  }

  /// The largest end of a window that is at most `at`.
  [[nodiscard]] timestamp last_end_until(timestamp at) const noexcept {
    // Ends lie on the grid of starts, moved by the size.
    return window_start(at, (offset_ + size_ % slide_) % slide_, slide_);
  }

  /// The least end of a window that is at least `at`.
  [[nodiscard]] timestamp first_end_from(timestamp at) const noexcept {
    const timestamp before = last_end_until(at);
    return before == at ? at : saturating_add(before, slide_);
  }

private:
  timestamp size_;
  timestamp slide_;
  timestamp offset_;
  timestamp length_;
};

} // namespace flow
