#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "libflow/core/error.hpp"
#include "libflow/core/limits.hpp"
#include "libflow/exchange/credit.hpp"
#include "libflow/exchange/element_queue.hpp"
#include "libflow/exchange/stream_element.hpp"

namespace flow {

/// Where the elements of an output go: to the actor at the other end, or into
/// a link. Implemented by the runtime and by tests.
class channel_sink {
public:
  virtual ~channel_sink() = default;

  /// Takes an element for good. Must not call back into the output.
  /// @param sequence counts the elements of the channel from 0
  virtual void send(std::size_t channel, std::uint64_t sequence,
                    stream_element&& element) = 0;
};

/// The channels of one output: sends elements while there is credit and keeps
/// the rest, so that the order on each channel is the order of the offers.
/// What is kept is the overdraft; while there is one the subtask takes no
/// input, fires no timer and grants no credit, so it stays as small as what
/// one call of user code emits.
///
/// Owner: the subtask; one thread. offer() costs O(1).
class output_channels {
public:
  /// No channel has credit until the receiver grants some.
  /// @param target outlives this
  output_channels(channel_sink& target, std::size_t channel_count,
                  std::uint32_t window = limits::channel_window_credits);

  /// Sends `element`, or keeps it in the overdraft when it needs a credit that
  /// is not there or others wait before it. Ask full() afterwards.
  void offer(std::size_t channel, stream_element element);

  /// True while something is in the overdraft of any channel.
  [[nodiscard]] bool full() const noexcept { return waiting_ > 0; }

  /// True when a batch offered on this channel would go out at once.
  [[nodiscard]] bool has_credit(std::size_t channel) const {
    const channel_state& state = channels_[channel];
    return state.overdraft.empty() && state.credit.available() > 0;
  }

  /// The receiver granted credit: sends from the overdraft what it allows.
  /// @return an error when the grant goes beyond the window
  [[nodiscard]] expected<void> on_credit(std::size_t channel,
                                         std::uint32_t credits);

  [[nodiscard]] std::size_t channel_count() const noexcept {
    return channels_.size();
  }

  /// Memory of the batches in the overdraft.
  [[nodiscard]] std::size_t overdraft_bytes() const noexcept;

  /// Number of elements in the overdraft.
  [[nodiscard]] std::size_t overdraft_elements() const noexcept;

  /// Sequence number that the next element sent on this channel gets, which is
  /// also how many were sent.
  [[nodiscard]] std::uint64_t next_sequence(std::size_t channel) const {
    return channels_[channel].next_sequence;
  }

private:
  struct channel_state {
    credit_account credit;
    element_queue overdraft;
    std::uint64_t next_sequence = 0;
  };

  void send(std::size_t channel, stream_element&& element);

  channel_sink& target_;
  std::vector<channel_state> channels_;
  std::size_t waiting_ = 0; // channels with an overdraft
};

} // namespace flow
