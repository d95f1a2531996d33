#pragma once

#include <algorithm>
#include <cstdint>

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
    sum.delay_sum += each.delay;
    sum.distance_sum += each.distance;
  }

  const statistics& result(const statistics& sum) const { return sum; }

private:
  std::int64_t delayed_after_;
};

} // namespace flights
