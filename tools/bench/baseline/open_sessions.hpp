#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "libflow/core/timestamp.hpp"

namespace flow::bench {

struct open_session {
  timestamp first, last;
  std::uint64_t count;
};

/// Holds what keys have beyond one session; slot 0 is none.
using session_overflow = std::deque<std::vector<open_session>>;

/// The sessions of one key that have not ended: one and, where a source is
/// behind the others, seldom more.
class open_sessions {
public:
  [[nodiscard]] std::size_t size() const { return size_; }
  /// @pre size() > 0
  [[nodiscard]] timestamp last_of_first() const { return one_.last; }

  /// @return whether there was none before
  bool add(timestamp at, timestamp gap, session_overflow& overflow) {
    if (size_ == 1 && at >= one_.first && at - one_.last <= gap) [[likely]] {
      one_ = {one_.first, std::max(one_.last, at), one_.count + 1};
      return false;
    }
    open_session sum{at, at, 1};
    const std::uint32_t before = std::exchange(size_, 0);
    for (std::uint32_t i = 0; i < before; ++i)
      if (const auto [first, last, count] = place(i, overflow);
          sum.first - last > gap || first - sum.last > gap)
        put(place(i, overflow), overflow);
      else
        sum = {std::min(first, sum.first), std::max(last, sum.last),
               count + sum.count};
    put(sum, overflow);
    return before == 0;
  }

  /// Takes out those whose last record is before `end`.
  template <class F>
  void close(timestamp end, session_overflow& overflow, F&& emit) {
    const std::uint32_t before = std::exchange(size_, 0);
    for (std::uint32_t i = 0; i < before; ++i)
      if (place(i, overflow).last >= end)
        place(size_++, overflow) = place(i, overflow);
      else
        emit(place(i, overflow));
  }

private:
  open_session& place(std::uint32_t i, session_overflow& overflow) {
    return i == 0 ? one_ : overflow[more_][i - 1];
  }

  void put(const open_session& each, session_overflow& overflow) {
    if (size_ > 0 && more_ == 0) {
      more_ = static_cast<std::uint32_t>(std::max(overflow.size(), 1UL));
      overflow.resize(more_ + 1);
    }
    if (size_ > 0)
      overflow[more_].resize(
        std::max<std::size_t>(overflow[more_].size(), size_));
    place(size_++, overflow) = each;
  }

  open_session one_{};
  std::uint32_t size_ = 0;
  std::uint32_t more_ = 0; // where in the overflow
};

} // namespace flow::bench
