#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "libflow/core/error.hpp"
#include "libflow/core/limits.hpp"
#include "libflow/exchange/element_queue.hpp"
#include "libflow/exchange/stream_element.hpp"

namespace flow {

/// An element that a gate handed out.
struct picked {
  std::size_t channel = 0;
  stream_element element;
};

/// Everything that waits before a subtask: one queue a channel. Channels are
/// numbered over all inputs, those of input 0 first. The gate hands out
/// elements channel by channel in turn, in order within a channel, and leaves
/// out channels that are blocked (checkpoint alignment) or belong to a held
/// input (another input has to be read first). What waits keeps its credit,
/// so leaving out channels stops their senders within a window.
///
/// Owner: the subtask; one thread. All operations are O(1), except where said.
class input_gate {
public:
  /// @param channels_per_input one entry an input
  /// @param window batches that a channel may have waiting
  explicit input_gate(std::span<const std::size_t> channels_per_input,
                      std::uint32_t window = limits::channel_window_credits);

  /// Puts an element that arrived at the end of its channel.
  /// @param sequence the sender's count of the channel's elements, from 0
  /// @return an error, and the gate is as before, when the channel does not
  /// exist, the sequence number is not the next (a gap or a repetition), more
  /// batches wait than the window allows, or the channel has ended; the
  /// attempt has to fail then
  [[nodiscard]] expected<void>
  enqueue(std::size_t channel, std::uint64_t sequence, stream_element element);

  /// The next element; none when nothing waits that may be handed out.
  [[nodiscard]] std::optional<picked> next();

  /// True when next() has an element.
  [[nodiscard]] bool has_next();

  /// Leaves a channel out from now on.
  void block(std::size_t channel);
  void unblock(std::size_t channel);
  /// O(channels).
  void unblock_all();
  [[nodiscard]] bool blocked(std::size_t channel) const {
    return channels_[channel].blocked;
  }

  /// Leaves the channels of an input out, besides any blocked ones.
  void hold(std::size_t input);
  /// O(channels of the input).
  void release(std::size_t input);
  [[nodiscard]] bool held(std::size_t input) const {
    return inputs_[input].held;
  }

  [[nodiscard]] std::size_t input_count() const noexcept {
    return inputs_.size();
  }
  [[nodiscard]] std::size_t channel_count() const noexcept {
    return channels_.size();
  }
  [[nodiscard]] std::size_t input_of(std::size_t channel) const {
    return channels_[channel].input;
  }
  /// First channel of an input; its channels are contiguous.
  [[nodiscard]] std::size_t first_channel(std::size_t input) const {
    return inputs_[input].first;
  }
  [[nodiscard]] std::size_t channels_of_input(std::size_t input) const {
    return inputs_[input].count;
  }

  /// False once the channel's end_of_partition was handed out.
  [[nodiscard]] bool open(std::size_t channel) const {
    return channels_[channel].open;
  }
  [[nodiscard]] std::size_t open_channels() const noexcept { return open_; }

  /// What waits on a channel, for metrics.
  [[nodiscard]] const element_queue& queue(std::size_t channel) const {
    return channels_[channel].queue;
  }
  [[nodiscard]] std::size_t buffered_elements() const noexcept {
    return elements_;
  }
  [[nodiscard]] std::size_t buffered_batches() const noexcept {
    return batches_;
  }
  [[nodiscard]] std::size_t buffered_bytes() const noexcept { return bytes_; }

private:
  struct channel_state {
    element_queue queue;
    std::uint64_t next_sequence = 0;
    std::size_t input = 0;
    bool blocked = false;
    bool in_turn = false; // listed in turns_
    bool closed = false;  // end_of_partition arrived
    bool open = true;     // end_of_partition was not handed out
  };

  struct input_state {
    std::size_t first = 0;
    std::size_t count = 0;
    bool held = false;
  };

  [[nodiscard]] bool may_pick(const channel_state& channel) const;
  [[nodiscard]] expected<void> check(std::size_t channel,
                                     std::uint64_t sequence,
                                     const stream_element& element) const;
  void take_turn(std::size_t channel);
  void count_in(const element_queue& queue);
  void count_out(const element_queue& queue);

  std::uint32_t window_;
  std::vector<channel_state> channels_;
  std::vector<input_state> inputs_;

  // Channels in the order of their turns: a ring, each channel at most once.
  // Has all channels that may be picked; others in it lose their turn when it
  // comes.
  std::vector<std::size_t> turns_;
  std::size_t first_turn_ = 0;
  std::size_t turn_count_ = 0;

  std::size_t open_ = 0;
  std::size_t elements_ = 0;
  std::size_t batches_ = 0;
  std::size_t bytes_ = 0;
};

} // namespace flow
