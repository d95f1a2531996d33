#include "libflow/exchange/barrier_aligner.hpp"

#include <algorithm>

#include "libflow/core/assert.hpp"

namespace flow {

barrier_aligner::barrier_aligner(std::size_t channels, bool after_finish)
  : channels_(channels), after_finish_(after_finish) {}

void barrier_aligner::barrier(std::size_t channel,
                              const checkpoint_barrier& barrier) {
  FLOW_ASSERT(channel < channels_.size(), "no such channel");
  const auto id = barrier.checkpoint_id;
  // Older ones, and the newest once it is taken or given up.
  if (latest_ && (id < *latest_ || (id == *latest_ && !pending_)))
    return;
  if (!channels_[channel].open)
    return;
  if (!latest_ || id > *latest_)
    begin(barrier);
  channels_[channel].blocked = true;
  arrive(channel);
}

void barrier_aligner::begin(const checkpoint_barrier& barrier) {
  if (pending_)
    give_up(pending_->checkpoint_id, barrier_abort::subsumed);
  latest_ = barrier.checkpoint_id;
  pending_ = barrier;
  awaited_ = static_cast<std::size_t>(std::ranges::count(
    channels_, true, [](const auto& each) { return each.open; }));
}

void barrier_aligner::arrive(std::size_t channel) {
  if (std::exchange(channels_[channel].arrived, true))
    return;
  if (--awaited_ > 0)
    return;
  taken(*pending_);
  settle();
}

/// No checkpoint is pending any more.
void barrier_aligner::settle() {
  pending_.reset();
  for (auto& each : channels_)
    each.arrived = each.blocked = false;
}

void barrier_aligner::give_up(std::uint64_t checkpoint_id, barrier_abort why) {
  given_up(checkpoint_id, why);
  settle();
}

void barrier_aligner::cancel(std::size_t channel, std::uint64_t checkpoint_id) {
  FLOW_ASSERT(channel < channels_.size(), "no such channel");
  const bool newer = !latest_ || checkpoint_id > *latest_;
  if (!newer && !(pending_ && checkpoint_id == pending_->checkpoint_id))
    return;
  // What was pending before a newer one goes with it, unannounced: nobody
  // waits for it any more.
  latest_ = checkpoint_id;
  give_up(checkpoint_id, barrier_abort::cancelled);
}

void barrier_aligner::abort(std::uint64_t checkpoint_id) {
  if (latest_ && checkpoint_id < *latest_)
    return;
  if (pending_)
    given_up(pending_->checkpoint_id, barrier_abort::cancelled);
  latest_ = checkpoint_id;
  settle();
}

void barrier_aligner::end_of_partition(std::size_t channel) {
  FLOW_ASSERT(channel < channels_.size(), "no such channel");
  if (!std::exchange(channels_[channel].open, false) || !pending_)
    return;
  if (after_finish_)
    arrive(channel);
  else
    give_up(pending_->checkpoint_id, barrier_abort::end_of_partition);
}

std::vector<std::size_t> barrier_aligner::awaited() const {
  std::vector<std::size_t> result;
  for (std::size_t i = 0; pending_ && i < channels_.size(); ++i)
    if (channels_[i].open && !channels_[i].arrived)
      result.push_back(i);
  return result;
}

} // namespace flow
