#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "libflow/core/restart_options.hpp"
#include "libflow/core/timestamp.hpp"

namespace flow {

/// Decides whether a job that failed is tried again, and after how long.
/// Owner: the job's lifecycle, over all attempts.
/// @thread the owner's alone
class restart_strategy {
public:
  virtual ~restart_strategy() = default;

  /// Called once per failure of the job, with the wall clock's time, which
  /// may go backwards. None: the job has failed for good.
  virtual std::optional<duration_ms> on_failure(timestamp now) = 0;

  /// For the log and the error of a job given up: "fixed-delay (3 attempts, 1
  /// s apart)".
  [[nodiscard]] virtual std::string describe() const = 0;
};

/// Gives a number in [0, 1); the seam for randomness. Used by the
/// exponential delay alone, to keep jobs that failed together apart.
using jitter_source = std::function<double()>;

std::unique_ptr<restart_strategy>
make_restart_strategy(const restart_options& options, jitter_source jitter);

} // namespace flow
