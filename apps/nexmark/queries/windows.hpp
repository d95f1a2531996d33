#pragma once

#include "libflow/flow.hpp"

namespace nexmark {

/// Length of the windows of q7, q8 and q12.
inline constexpr flow::timestamp window_ms = 10'000;

/// Where the window of `size` that holds a time starts; windows are aligned
/// to the epoch.
[[nodiscard]] constexpr flow::timestamp window_start(flow::timestamp time,
                                                     flow::timestamp size) {
  const auto rest = time % size;
  return time - rest - (rest < 0 ? size : 0);
}

} // namespace nexmark
