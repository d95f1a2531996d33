#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "libflow/core/hash.hpp"
#include "libflow/core/key_group.hpp"

namespace flow {

/// Routers pick the channel of a record. They are values inside a
/// batch_writer: called in its loop, inlined. One that calls functions of the
/// author's may have `failed(record)`, called while what they threw is in
/// flight.

/// Whole batches: all to channel 0 (forward, global, rescale with one target),
/// or all to every channel.
struct whole_router {
  bool to_all = false; ///< broadcast
};

/// Spreads records over all channels: one after the other, starting at a
/// channel of the subtask's own so that few records reach all receivers, or
/// at random, repeatable from the subtask (xorshift64*, Vigna 2016). One type
/// for both: the choice is the same for every record and costs a predicted
/// branch, a second type would cost every job its code.
class spread_router {
public:
  enum class order : std::uint8_t { round_robin, random };

  spread_router(order how, std::uint32_t channels, std::uint32_t subtask)
    : how_(how), channels_(channels), next_(subtask % channels),
      state_(subtask * 2ULL + 3) {}

  template <class T>
  std::uint32_t operator()(const T&) noexcept {
    if (how_ == order::random)
      return draw();
    const std::uint32_t result = next_;
    next_ = next_ + 1 == channels_ ? 0 : next_ + 1;
    return result;
  }

private:
  std::uint32_t draw() noexcept {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    const std::uint64_t bits = (state_ * 0x2545F4914F6CDD1DULL) >> 32;
    return static_cast<std::uint32_t>((bits * channels_) >> 32);
  }

  order how_;
  std::uint32_t channels_;
  std::uint32_t next_;
  std::uint64_t state_;
};

/// By a function of the author's: `std::uint32_t(const T&, channel count)`.
/// A channel that does not exist is a fault of the author's, thrown like any
/// other that the function could throw.
template <class Function>
class custom_router {
public:
  custom_router(Function function, std::uint32_t channels)
    : function_(std::move(function)), channels_(channels) {}

  template <class T>
  std::uint32_t operator()(const T& value) {
    const auto channel =
      static_cast<std::uint32_t>(std::invoke(function_, value, channels_));
    if (channel >= channels_) [[unlikely]]
      throw std::out_of_range("its partitioner chose channel "
                              + std::to_string(channel) + " of "
                              + std::to_string(channels_));
    return channel;
  }

private:
  Function function_;
  std::uint32_t channels_;
};

/// By key group of the key's hash. The hash travels with the record.
template <class Selector>
class key_router {
public:
  key_router(Selector selector, std::uint32_t channels,
             std::uint32_t max_parallelism)
    : selector_(std::move(selector)), max_parallelism_(max_parallelism) {
    channel_of_group_.reserve(max_parallelism);
    for (std::uint32_t group = 0; group < max_parallelism; ++group)
      channel_of_group_.push_back(static_cast<std::uint16_t>(
        operator_of(group, channels, max_parallelism)));
  }

  template <class T>
  decltype(auto) key(const T& value) {
    return std::invoke(selector_, value);
  }

  [[nodiscard]] std::uint32_t channel(std::uint64_t hash) const noexcept {
    return channel_of_group_[key_group_of(hash, max_parallelism_)];
  }

private:
  Selector selector_;
  std::uint32_t max_parallelism_;
  std::vector<std::uint16_t> channel_of_group_;
};

} // namespace flow
