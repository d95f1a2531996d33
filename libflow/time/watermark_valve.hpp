#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "libflow/core/receiver.hpp"
#include "libflow/core/timestamp.hpp"

namespace flow {

/// What a valve puts out for one event. Forward in this order: status if
/// `active`, then the watermark, then status if `idle`.
struct valve_output {
  std::optional<timestamp> watermark;
  std::optional<stream_status> status;

  [[nodiscard]] bool empty() const noexcept { return !watermark && !status; }
  friend bool operator==(const valve_output&, const valve_output&) = default;
};

/// What of a valve a snapshot keeps. Statuses are not kept: after a restore
/// every channel is active until it says otherwise.
struct valve_state {
  std::vector<timestamp> channels;  ///< last watermark of each channel
  timestamp output = min_timestamp; ///< last watermark put out

  friend bool operator==(const valve_state&, const valve_state&) = default;
};

/// The state for a valve of another number of channels that takes over from
/// `old` ones (the parallelism changed): every channel starts at the minimum
/// of the old values, but not below the output.
/// @pre channel_count > 0
[[nodiscard]] valve_state rescaled(std::span<const valve_state> old,
                                   std::size_t channel_count);

/// Combines the watermarks and statuses of several channels (or of several
/// inputs, or of the splits of a source) into one.
///
/// The watermark put out is the minimum over the channels that take part: the
/// active ones that have caught up with the output. It never goes backwards.
/// An idle channel does not take part; when it is active again it takes part
/// once its watermark has reached the output. When all channels are idle the
/// maximum of their watermarks is put out and then `idle`.
///
/// A channel that delivered `max_timestamp` has ended, and so has one that
/// finished without it. An ended channel neither holds back the minimum nor
/// counts as idle. `max_timestamp` is put out only when every channel delivered
/// it. A channel whose job was stopped is not finished: leave it as it is.
///
/// Owner: the subtask; one thread. Watermarks cost O(1), and O(channels) when
/// the last channel that held the minimum moves.
class watermark_valve {
public:
  /// All channels active, without a watermark.
  /// @pre channel_count > 0
  explicit watermark_valve(std::size_t channel_count);

  /// `mark` arrived on `channel`. Ignored when the channel is idle or ended or
  /// `mark` is not above the channel's last one.
  /// @return the new combined watermark; `idle` with it when the last active
  /// channel ended and idle ones are left
  [[nodiscard]] valve_output watermark(std::size_t channel, timestamp mark);

  /// `channel` turned idle or active. Repetitions are ignored.
  [[nodiscard]] valve_output status(std::size_t channel, stream_status status);

  /// Nothing follows on `channel`. Never leads to max_timestamp by itself.
  [[nodiscard]] valve_output finish(std::size_t channel);

  [[nodiscard]] std::size_t channel_count() const noexcept {
    return channels_.size();
  }

  /// Last watermark of a channel; min_timestamp before the first.
  [[nodiscard]] timestamp watermark_of(std::size_t channel) const {
    return channels_[channel].mark;
  }
  [[nodiscard]] stream_status status_of(std::size_t channel) const {
    return channels_[channel].idle ? stream_status::idle
                                   : stream_status::active;
  }
  [[nodiscard]] bool finished(std::size_t channel) const {
    return channels_[channel].finished;
  }
  /// True when the channel takes part in the minimum.
  [[nodiscard]] bool aligned(std::size_t channel) const {
    return channels_[channel].aligned;
  }

  /// Last watermark put out; min_timestamp before the first.
  [[nodiscard]] timestamp output() const noexcept { return output_; }
  [[nodiscard]] stream_status output_status() const noexcept {
    return output_idle_ ? stream_status::idle : stream_status::active;
  }

  [[nodiscard]] valve_state snapshot() const;

  /// Takes over the state of a valve with the same number of channels (for
  /// another number see `rescaled`). All channels are active afterwards.
  /// @pre state.channels.size() == channel_count()
  /// @return the combined watermark, to go downstream before the first record
  [[nodiscard]] valve_output restore(const valve_state& state);

private:
  struct channel_state {
    timestamp mark = min_timestamp;
    bool idle = false;
    bool aligned = true; // implies neither idle nor ended, and mark >= output_
    bool finished = false;

    [[nodiscard]] bool ended() const noexcept {
      return finished || mark == max_timestamp;
    }
  };

  void align(channel_state& channel);
  void unalign(channel_state& channel);
  void end(const channel_state& channel);
  void find_minimum();
  void raise_output(timestamp mark, valve_output& out);
  void put_out_minimum(valve_output& out);
  void put_out_after_removal(valve_output& out);

  std::vector<channel_state> channels_;
  timestamp output_ = min_timestamp;
  bool output_idle_ = false;

  // Of the aligned channels: how many, their minimum and how many are at it.
  // With nobody left at it, minimum_ is only a lower bound until
  // find_minimum().
  std::size_t aligned_ = 0;
  timestamp minimum_ = min_timestamp;
  std::size_t at_minimum_ = 0;

  std::size_t live_ = 0;   // not ended
  std::size_t active_ = 0; // live and not idle
  std::size_t at_max_ = 0; // delivered max_timestamp
};

} // namespace flow
