#pragma once

#include <chrono>
#include <cstddef>

#include "libflow/core/limits.hpp"
#include "libflow/time/clock.hpp"

namespace flow {

/// What one step of firing may use: so many timers, so much time. Then the
/// task looks at its messages and goes on with the next step.
/// Owner: a local variable. @thread one
class firing_step {
public:
  explicit firing_step(const clock& time)
    : time_(&time), end_(time.steady() + limits::firing_step_time) {}

  /// Counts one timer; false once the step has to end. Looks at the clock now
  /// and then only.
  [[nodiscard]] bool take() {
    if (fired_ >= limits::timers_per_firing_step
        || (fired_ != 0 && fired_ % timers_per_look == 0
            && time_->steady() >= end_))
      over_ = true;
    else
      ++fired_;
    return !over_;
  }

  /// Whether take() has returned false.
  [[nodiscard]] bool over() const noexcept { return over_; }

private:
  static constexpr std::size_t timers_per_look = 64;

  const clock* time_;
  std::chrono::nanoseconds end_;
  std::size_t fired_ = 0;
  bool over_ = false;
};

} // namespace flow
