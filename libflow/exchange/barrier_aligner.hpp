#pragma once

#include "libflow/exchange/barrier_handler.hpp"

namespace flow {

/// Exactly once: a channel that has delivered the barrier is blocked until all
/// others have, so that the snapshot holds exactly what came before it on
/// every channel. One checkpoint at a time: a newer barrier gives the older one
/// up. O(1) a barrier, O(channels) when an alignment begins or ends.
class barrier_aligner final : public barrier_handler {
public:
  /// @param after_finish false: the older mode, in which an input that ends
  /// gives a pending checkpoint up
  explicit barrier_aligner(std::size_t channels, bool after_finish = true);

  void barrier(std::size_t channel, const checkpoint_barrier& barrier) override;
  void cancel(std::size_t channel, std::uint64_t checkpoint_id) override;
  void abort(std::uint64_t checkpoint_id) override;
  void end_of_partition(std::size_t channel) override;

  [[nodiscard]] bool blocked(std::size_t channel) const override {
    return channels_[channel].blocked;
  }
  [[nodiscard]] std::optional<std::uint64_t> latest() const override {
    return latest_;
  }
  [[nodiscard]] bool pending() const override { return pending_.has_value(); }
  [[nodiscard]] std::vector<std::size_t> awaited() const override;

private:
  struct channel_state {
    bool open = true;
    bool arrived = false; // the pending barrier, or the end instead of it
    bool blocked = false;
  };

  void begin(const checkpoint_barrier& barrier);
  void arrive(std::size_t channel);
  void settle();
  void give_up(std::uint64_t checkpoint_id, barrier_abort why);

  std::vector<channel_state> channels_;
  const bool after_finish_;
  std::optional<std::uint64_t> latest_;
  std::optional<checkpoint_barrier> pending_;
  std::size_t awaited_ = 0; // channels, while pending
};

} // namespace flow
