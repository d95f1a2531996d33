#pragma once

#include <cstdint>
#include <optional>

#include "libflow/core/timestamp.hpp"

namespace flow {

/// Values of `restart-strategy.type`.
enum class restart_kind : std::uint8_t {
  none,              ///< the first failure is the end
  fixed_delay,       ///< a number of times, equally far apart
  exponential_delay, ///< ever longer apart, from anew after a quiet time
  failure_rate,      ///< as long as failures do not come too fast
};

/// The keys under `restart-strategy`, with their defaults.
struct restart_options {
  std::optional<restart_kind> kind; ///< none: exponential-delay with
                                    ///< checkpoints, else no restart

  struct fixed_delay_options {
    std::int64_t attempts = 1;
    duration_ms delay{1000};
  } fixed_delay;

  struct exponential_delay_options {
    duration_ms initial_backoff{1000};
    duration_ms max_backoff{60'000};
    double backoff_multiplier = 1.5;
    duration_ms reset_backoff_threshold{3'600'000};
    double jitter_factor = 0.1;
    std::int64_t attempts_before_reset = -1; ///< -1: no limit
  } exponential_delay;

  struct failure_rate_options {
    std::int64_t max_failures_per_interval = 1;
    duration_ms interval{60'000};
    duration_ms delay{1000};
  } failure_rate;
};

} // namespace flow
