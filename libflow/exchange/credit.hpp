#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "libflow/core/assert.hpp"
#include "libflow/core/error.hpp"
#include "libflow/core/limits.hpp"

namespace flow {

/// Credit of one channel: how many batches the sender may send. The receiver
/// grants; a window bounds what is granted and not yet processed, and so the
/// memory of the channel. Both sides know the window.

/// The sender's side. Owner: the output of a subtask; one thread.
class credit_account {
public:
  explicit credit_account(std::uint32_t window = limits::channel_window_credits)
    : window_(window) {
    FLOW_ASSERT(window > 0, "a channel without a window never moves");
  }

  /// Spends one credit.
  /// @return false when there is none
  [[nodiscard]] bool take() noexcept {
    if (used_ == granted_)
      return false;
    ++used_;
    return true;
  }

  /// The receiver granted `credits` more.
  /// @return an error when more would be open than the window allows, which
  /// only a broken peer does
  [[nodiscard]] expected<void> grant(std::uint32_t credits) {
    if (credits > window_ - available())
      return error{error_code::corrupt_data,
                   "a grant of " + std::to_string(credits)
                     + " credits on top of " + std::to_string(available())
                     + " is beyond the window of " + std::to_string(window_)};
    granted_ += credits;
    return {};
  }

  /// Batches that may be sent now; at most the window.
  [[nodiscard]] std::uint32_t available() const {
    FLOW_ASSERT(used_ <= granted_, "more credit used than granted");
    return static_cast<std::uint32_t>(granted_ - used_);
  }

  [[nodiscard]] std::uint64_t granted() const noexcept { return granted_; }
  [[nodiscard]] std::uint64_t used() const noexcept { return used_; }

private:
  std::uint32_t window_;
  std::uint64_t granted_ = 0; // ever
  std::uint64_t used_ = 0;    // ever; <= granted_
};

/// The receiver's side. Collects grants so that a message carries half a
/// window. Owner: the input of a subtask; one thread.
class credit_grantor {
public:
  explicit credit_grantor(std::uint32_t window = limits::channel_window_credits)
    : window_(window), chunk_(std::min(std::max(window / 2, 2U), window)) {
    FLOW_ASSERT(window > 0, "a channel without a window never moves");
  }

  /// Grants for a channel that starts: the whole window. While paused it is
  /// held back until resume().
  /// @pre called once, before anything is processed
  /// @return credits to send, 0 = nothing to send
  [[nodiscard]] std::uint32_t start() {
    FLOW_ASSERT(granted_ == 0 && owed_ == 0, "a channel starts once");
    owed_ = window_;
    return settle();
  }

  /// `batches` were processed and no longer take up memory.
  /// @return credits to send, 0 = nothing to send
  [[nodiscard]] std::uint32_t on_processed(std::uint32_t batches) {
    FLOW_ASSERT(batches <= granted_ - processed_,
                "more batches processed than granted");
    processed_ += batches;
    owed_ += batches;
    return settle();
  }

  /// Holds grants back; the sender comes to a stop within a window.
  void pause() noexcept { paused_ = true; }

  /// @return credits to send, 0 = nothing to send
  [[nodiscard]] std::uint32_t resume() {
    paused_ = false;
    return settle();
  }

  [[nodiscard]] bool paused() const noexcept { return paused_; }

  /// Granted and not yet processed; at most the window.
  [[nodiscard]] std::uint32_t outstanding() const noexcept {
    return static_cast<std::uint32_t>(granted_ - processed_);
  }

private:
  std::uint32_t settle() {
    if (paused_ || owed_ < chunk_)
      return 0;
    const std::uint32_t credits = owed_;
    owed_ = 0;
    granted_ += credits;
    FLOW_ASSERT(outstanding() <= window_, "granted beyond the window");
    return credits;
  }

  std::uint32_t window_;
  std::uint32_t chunk_;    // smallest grant
  std::uint32_t owed_ = 0; // to be granted; outstanding + owed = window
  bool paused_ = false;
  std::uint64_t granted_ = 0;   // ever
  std::uint64_t processed_ = 0; // ever; <= granted_
};

} // namespace flow
