#pragma once

#include <deque>

#include "libflow/exchange/barrier_handler.hpp"

namespace flow {

/// At least once: nothing is blocked; the snapshot is taken when the last
/// barrier arrives and may hold records that came behind an earlier one, which
/// are read again after a restore. Several checkpoints may be pending; of those
/// beyond `most_tracked` the oldest are forgotten. O(pending) a barrier.
class barrier_tracker final : public barrier_handler {
public:
  static constexpr std::size_t most_tracked = 50;

  /// @param after_finish false: the older mode, in which an input that ends
  /// gives pending checkpoints up
  explicit barrier_tracker(std::size_t channels, bool after_finish = true);

  void barrier(std::size_t channel, const checkpoint_barrier& barrier) override;
  void cancel(std::size_t channel, std::uint64_t checkpoint_id) override;
  void abort(std::uint64_t checkpoint_id) override;
  void end_of_partition(std::size_t channel) override;

  [[nodiscard]] bool blocked(std::size_t) const override { return false; }
  [[nodiscard]] std::optional<std::uint64_t> latest() const override {
    return latest_;
  }
  [[nodiscard]] bool pending() const override;
  [[nodiscard]] std::vector<std::size_t> awaited() const override;

private:
  struct count {
    checkpoint_barrier barrier;
    std::vector<bool> arrived; // by channel
    std::size_t awaited = 0;
    bool aborted = false;
  };

  count& track(const checkpoint_barrier& barrier);
  static bool arrive(count& of, std::size_t channel);
  void give_up(count& what, barrier_abort why);
  void complete(std::size_t position);

  std::vector<bool> open_; // by channel
  const bool after_finish_;
  std::optional<std::uint64_t> latest_;
  std::deque<count> counts_; // ids rise
};

} // namespace flow
