#pragma once

#include <algorithm>
#include <array>
#include <deque>
#include <utility>
#include <vector>

#include "libflow/core/timestamp.hpp"

namespace flow::bench {

struct open_session {
  timestamp first, last;
  std::uint64_t count;
};

/// Holds what a key has beyond three.
using session_overflow = std::deque<std::vector<open_session>>;

/// The sessions of one key that have not ended: as many gaps as the sources
/// are apart and one more, rarely beyond three.
class open_sessions {
public:
  [[nodiscard]] std::size_t size() const { return size_; }
  /// @pre size() > 0
  [[nodiscard]] timestamp last_of_first() const { return few_[0].last; }

  /// @return whether the record is a session of its own
  bool add(timestamp at, timestamp gap, session_overflow& overflow) {
    open_session sum{at, at, 1};
    const std::size_t before = std::exchange(size_, 0);
    for (std::size_t i = 0; i < before; ++i)
      if (const auto [first, last, count] = place(i);
          sum.first - last > gap || first - sum.last > gap)
        put(place(i), overflow);
      else
        sum = {std::min(first, sum.first), std::max(last, sum.last),
               count + sum.count};
    put(sum, overflow);
    return size_ > before;
  }

  /// Takes out those whose last record is before `end`.
  template <class F>
  void close(timestamp end, F&& emit) {
    const std::size_t before = std::exchange(size_, 0);
    for (std::size_t i = 0; i < before; ++i)
      if (place(i).last >= end)
        place(size_++) = place(i);
      else
        emit(place(i));
  }

private:
  open_session& place(std::size_t i) {
    return i < few_.size() ? few_[i] : (*more_)[i - few_.size()];
  }

  void put(const open_session& each, session_overflow& overflow) {
    if (size_ >= few_.size()) {
      if (more_ == nullptr)
        more_ = &overflow.emplace_back();
      more_->resize(std::max(more_->size(), size_ - few_.size() + 1));
    }
    place(size_++) = each;
  }

  std::array<open_session, 3> few_{};
  std::vector<open_session>* more_ = nullptr; // in the overflow
  std::size_t size_ = 0;
};

} // namespace flow::bench
