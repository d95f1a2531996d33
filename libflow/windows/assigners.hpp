#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "libflow/core/error.hpp"
#include "libflow/windows/merge_windows.hpp"
#include "libflow/windows/window.hpp"

namespace flow {

/// Assigners say which windows a record belongs to. One of the author's has
///
///     struct my_windows {
///       using window = flow::time_window;
///       static constexpr bool merges = false;
///       flow::time_domain domain() const;
///       // calls take(window) for each, in the order in which they fire
///       template <class T, class Take>
///       void assign(const T& record, flow::timestamp at, Take&& take) const;
///       // where merges: calls merged(target, sources) for each target
///       template <class Merged>
///       void merge(std::vector<window> all, Merged&& merged) const;
///     };
///
/// `at` is the record's timestamp or, for windows of processing time, the
/// clock's. Values; each subtask has its own. @thread the subtask

/// The start of the window that holds a time: windows of `size` start at its
/// multiples moved by `offset`, also before 1970. Held at the range's bounds.
/// @pre size > 0, |offset| < size or not: only offset modulo size counts
[[nodiscard]] constexpr timestamp window_start(timestamp at, timestamp offset,
                                               timestamp size) noexcept {
  auto into = [size](timestamp value) {
    const timestamp remainder = value % size;
    return remainder < 0 ? remainder + size : remainder;
  };
  const timestamp since_offset = into(at) - into(offset);
  return saturating_add(
    at, -(since_offset < 0 ? since_offset + size : since_offset));
}

/// Windows of one size that start every slide: a time is in size / slide of
/// them, in none between two when slide > size. With slide == size they are
/// tumbling windows.
class sliding_windows {
public:
  using window = time_window;
  static constexpr bool merges = false;

  /// @return an error unless size and slide are above 0 and |offset| < slide
  [[nodiscard]] static expected<sliding_windows>
  make(duration_ms size, duration_ms slide, duration_ms offset = duration_ms{0},
       time_domain domain = time_domain::event);

  /// As sliding by their size; the error speaks of tumbling windows.
  [[nodiscard]] static expected<sliding_windows>
  make_tumbling(duration_ms size, duration_ms offset = duration_ms{0},
                time_domain domain = time_domain::event);

  [[nodiscard]] time_domain domain() const noexcept { return domain_; }

  /// The newest window comes first.
  template <class T, class Take>
  void assign(const T&, timestamp at, Take&& take) const {
    for_each_window(at, std::forward<Take>(take));
  }

  template <class Take>
  void for_each_window(timestamp at, Take&& take) const {
    const auto length = static_cast<std::uint64_t>(size_);
    timestamp start = window_start(at, offset_, slide_);
    // As unsigned numbers: the distance is right even across the whole range.
    while (static_cast<std::uint64_t>(at) - static_cast<std::uint64_t>(start)
           < length) {
      take(time_window{start, saturating_add(start, size_)});
      if (start < min_timestamp + slide_)
        return;
      start -= slide_;
    }
  }

  [[nodiscard]] duration_ms size() const noexcept { return duration_ms{size_}; }
  [[nodiscard]] duration_ms slide() const noexcept {
    return duration_ms{slide_};
  }
  [[nodiscard]] duration_ms offset() const noexcept {
    return duration_ms{offset_};
  }

private:
  sliding_windows(timestamp size, timestamp slide, timestamp offset,
                  time_domain domain) noexcept
    : size_(size), slide_(slide), offset_(offset), domain_(domain) {}

  timestamp size_;
  timestamp slide_;
  timestamp offset_;
  time_domain domain_;
};

/// A window of `gap` from each record on; windows that touch become one.
class session_windows {
public:
  using window = time_window;
  static constexpr bool merges = true;

  /// @return an error unless gap > 0
  [[nodiscard]] static expected<session_windows>
  make(duration_ms gap, time_domain domain = time_domain::event);

  [[nodiscard]] time_domain domain() const noexcept { return domain_; }

  template <class T, class Take>
  void assign(const T&, timestamp at, Take&& take) const {
    take(time_window{at, saturating_add(at, gap_)});
  }
  template <class Merged>
  void merge(std::vector<time_window> all, Merged&& merged) const {
    merge_touching(std::move(all), merged);
  }

  [[nodiscard]] duration_ms gap() const noexcept { return duration_ms{gap_}; }

private:
  session_windows(timestamp gap, time_domain domain) noexcept
    : gap_(gap), domain_(domain) {}

  timestamp gap_;
  time_domain domain_;
};

/// Sessions whose gap is a function of the record: `duration_ms(const T&)`,
/// which has to be above 0.
template <class Gap>
class dynamic_session_windows {
public:
  using window = time_window;
  static constexpr bool merges = true;

  explicit dynamic_session_windows(Gap gap,
                                   time_domain domain = time_domain::event)
    : gap_(std::move(gap)), domain_(domain) {}

  [[nodiscard]] time_domain domain() const noexcept { return domain_; }

  /// Throws std::invalid_argument for a gap that is not above 0.
  template <class T, class Take>
  void assign(const T& record, timestamp at, Take&& take) {
    const duration_ms gap = std::invoke(gap_, record);
    if (gap.count() <= 0)
      throw std::invalid_argument("the gap of a session is above 0, got "
                                  + std::to_string(gap.count()) + " ms");
    take(time_window{at, saturating_add(at, gap.count())});
  }
  template <class Merged>
  void merge(std::vector<time_window> all, Merged&& merged) const {
    merge_touching(std::move(all), merged);
  }

private:
  Gap gap_;
  time_domain domain_;
};

/// All records in one window, which never closes: a trigger says when it
/// fires.
struct global_windows {
  using window = global_window;
  static constexpr bool merges = false;

  /// No watermark closes it, and records need no timestamp.
  [[nodiscard]] static time_domain domain() noexcept {
    return time_domain::processing;
  }

  template <class T, class Take>
  void assign(const T&, timestamp, Take&& take) const {
    take(global_window{});
  }
};

} // namespace flow
