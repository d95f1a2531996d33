#pragma once

#include <array>
#include <utility>

#include "libflow/core/timestamp.hpp"

namespace flow::bench {

struct open_session {
  timestamp first, last;
  std::uint64_t count;
};

/// The sessions of one key that have not ended.
struct open_sessions {
  std::array<open_session, 3> all{}; // as many gaps as sources are apart, + 1
  std::size_t size = 0;

  /// @return whether the record is a session of its own
  bool add(timestamp at, timestamp gap) {
    open_session sum{at, at, 1};
    const std::size_t before = std::exchange(size, 0);
    for (std::size_t i = 0; i < before; ++i)
      if (const auto [first, last, count] = all[i];
          sum.first - last > gap || first - sum.last > gap)
        all[size++] = all[i];
      else
        sum = {std::min(first, sum.first), std::max(last, sum.last),
               count + sum.count};
    all.at(size++) = sum;
    return size > before;
  }

  /// Takes out those whose last record is before `end`.
  template <class F>
  void close(timestamp end, F&& emit) {
    const std::size_t before = std::exchange(size, 0);
    for (std::size_t i = 0; i < before; ++i)
      if (all[i].last >= end)
        all[size++] = all[i];
      else
        emit(all[i]);
  }
};

} // namespace flow::bench
