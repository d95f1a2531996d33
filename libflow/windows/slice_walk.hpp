#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "libflow/core/timestamp.hpp"

namespace flow {

/// What operators over slices share on the way of a record.

/// Calls work(index) for [at, last) in order, and look(index) so far ahead of
/// it that what look fetches from memory has come by then. `at` is the index
/// in work, also when that throws. Inlined, as work has to be: a call for each
/// record would cost more than what they do.
template <class Look, class Work>
[[gnu::always_inline]] inline void walk_ahead(std::size_t& at, std::size_t last,
                                              Look&& look, Work&& work) {
  constexpr std::size_t ahead = 16; // records
  for (std::size_t i = at; i < std::min(at + ahead, last); ++i)
    look(i);
  for (; at < last; ++at) {
    if (at + ahead < last)
      look(at + ahead);
    work(at);
  }
}

/// Where the records of the last two slices went: most fall into the slice of
/// the one before; around the bounds of a slice they alternate between two.
/// Owner: the operator, which forgets them whenever slices come or go.
template <class Target>
class recent_slices {
public:
  /// Whether a time is in the slice of the record before.
  [[nodiscard]] bool has(timestamp at) const noexcept {
    return recent_.holds(at);
  }
  /// Whether it is in the one before that, which is the recent one from now on.
  [[nodiscard]] bool turn_to(timestamp at) noexcept {
    std::swap(recent_, earlier_);
    return recent_.holds(at);
  }
  /// That of the recent slice.
  [[nodiscard]] const Target& target() const noexcept { return recent_.target; }

  /// The recent slice: the times from `start` on. With the lowest start none
  /// is found again, because the time that means "none" would be.
  void note(Target to, timestamp start, std::uint64_t length) noexcept {
    recent_ = {to, start, start == min_timestamp ? 0 : length};
  }

  void forget() noexcept {
    recent_ = {};
    earlier_ = {};
  }

private:
  struct span {
    Target target{};
    timestamp start = 0;
    std::uint64_t length = 0;

    [[nodiscard]] bool holds(timestamp at) const noexcept {
      // As unsigned numbers, times before the start are beyond any length.
      return static_cast<std::uint64_t>(at) - static_cast<std::uint64_t>(start)
             < length;
    }
  };

  span recent_;
  span earlier_;
};

} // namespace flow
