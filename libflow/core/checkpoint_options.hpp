#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "libflow/core/timestamp.hpp"

namespace flow {

/// Values of `execution.checkpointing.mode`.
enum class barrier_mode : std::uint8_t {
  exactly_once,  ///< barriers are aligned
  at_least_once, ///< they are not
};

/// Values of `execution.checkpointing.externalized-checkpoint-retention`: what
/// is left when the job ends. A job that finished leaves nothing to go on
/// from; one that failed or was stopped always leaves its checkpoints.
enum class checkpoint_retention : std::uint8_t {
  retain_on_cancellation, ///< a cancelled job leaves its checkpoints
  delete_on_cancellation, ///< it does not
  none,                   ///< the same; the default
};

/// Values of `state.backend.type`.
enum class state_backend_kind : std::uint8_t { memory, filesystem, leveldb };

/// The keys under `execution.checkpointing`, with their defaults.
struct checkpoint_options {
  std::optional<duration_ms> interval; ///< none: no checkpoints
  barrier_mode mode = barrier_mode::exactly_once;
  duration_ms timeout{600'000};
  duration_ms min_pause{0};
  std::uint32_t max_concurrent = 1;
  std::uint32_t tolerable_failures = 0; ///< in a row
  std::uint32_t num_retained = 1;
  checkpoint_retention retention = checkpoint_retention::none;
  std::string dir;
  /// None: filesystem where a dir is given, else memory.
  std::optional<state_backend_kind> backend;

  [[nodiscard]] bool on() const noexcept { return interval.has_value(); }
  [[nodiscard]] state_backend_kind backend_kind() const noexcept {
    return backend.value_or(dir.empty() ? state_backend_kind::memory
                                        : state_backend_kind::filesystem);
  }
};

} // namespace flow
