#pragma once

#include <algorithm>
#include <cstdint>
#include <stdexcept>

#include "apps/flights/flight.hpp"

namespace flights {

/// What is known of the flights of one airport and window.
struct statistics {
  std::int64_t flights = 0;
  std::int64_t delayed = 0;
  std::int64_t delay_sum = 0;
  std::int64_t delay_max = 0;
  std::int64_t distance_sum = 0;
};

/// Adds flights up as they come, so that a window costs the same memory
/// whatever number of flights it holds.
class add_up {
public:
  using accumulator = statistics;

  explicit add_up(std::int64_t delayed_after) : delayed_after_(delayed_after) {}

  void add(statistics& sum, const flight& each) const {
    sum.delay_max =
      sum.flights == 0 ? each.delay : std::max(sum.delay_max, each.delay);
    sum.flights += 1;
    sum.delayed += each.delay > delayed_after_ ? 1 : 0;
    add_to(sum.delay_sum, each.delay);
    add_to(sum.distance_sum, each.distance);
  }

  const statistics& result(const statistics& sum) const { return sum; }

private:
  /// A wrong sum must not pass for a right one.
  static void add_to(std::int64_t& sum, std::int64_t value) {
    if (__builtin_add_overflow(sum, value, &sum))
      throw std::overflow_error{"a sum of this window is beyond 64 bits"};
  }

  std::int64_t delayed_after_;
};

} // namespace flights
