#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>

#include "libflow/core/error.hpp"

namespace flow {

/// How much a subtask has handed to a receiver that has not acknowledged it.
/// Wakes the subtask when that changes what it may do.
///
/// Owner: shared by a sink's writer and its courier. A lock per batch.
/// @thread any
class delivery_window {
public:
  /// @param most batches without an acknowledgement, at least 1
  explicit delivery_window(std::uint32_t most);

  // -- the writer's side ------------------------------------------------------

  void set_waker(std::function<void()> waker);
  void given();
  /// Nothing more will be given: from now on full until all is acknowledged.
  void finish();
  /// The subtask must not go on: no room, not all acknowledged after `finish`,
  /// or the receiver has failed.
  [[nodiscard]] bool full() const;
  /// The error with which the receiver failed.
  [[nodiscard]] expected<void> health() const;

  // -- the courier's side -----------------------------------------------------

  void acknowledged();
  void fail(error why);

private:
  [[nodiscard]] bool blocked() const noexcept {
    return failure_ || outstanding_ >= (finishing_ ? 1 : most_);
  }

  const std::uint32_t most_;
  mutable std::mutex mutex_;
  std::function<void()> waker_ = [] {}; // all below guarded by mutex_
  std::uint32_t outstanding_ = 0;
  bool finishing_ = false;
  std::optional<error> failure_;
};

} // namespace flow
