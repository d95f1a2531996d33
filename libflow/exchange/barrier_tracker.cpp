#include "libflow/exchange/barrier_tracker.hpp"

#include <algorithm>

#include "libflow/core/assert.hpp"

namespace flow {

barrier_tracker::barrier_tracker(std::size_t channels, bool after_finish)
  : open_(channels, true), after_finish_(after_finish) {}

void barrier_tracker::barrier(std::size_t channel,
                              const checkpoint_barrier& barrier) {
  FLOW_ASSERT(channel < open_.size(), "no such channel");
  if (!open_[channel])
    return;
  const auto found = std::ranges::find_if(counts_, [&](const count& each) {
    return each.barrier.checkpoint_id == barrier.checkpoint_id;
  });
  if (found == counts_.end()) {
    if (latest_ && barrier.checkpoint_id <= *latest_)
      return; // it was taken, given up or forgotten
    track(barrier);
  }
  const auto position = found == counts_.end()
                          ? counts_.size() - 1
                          : static_cast<std::size_t>(found - counts_.begin());
  if (arrive(counts_[position], channel))
    complete(position);
}

barrier_tracker::count&
barrier_tracker::track(const checkpoint_barrier& barrier) {
  latest_ = barrier.checkpoint_id;
  count fresh;
  fresh.barrier = barrier;
  fresh.arrived.assign(open_.size(), false);
  for (std::size_t i = 0; i < open_.size(); ++i) {
    fresh.arrived[i] = !open_[i];
    fresh.awaited += open_[i] ? 1 : 0;
  }
  if (counts_.size() == most_tracked)
    counts_.pop_front();
  return counts_.emplace_back(std::move(fresh));
}

/// @return whether that was the last one awaited
bool barrier_tracker::arrive(count& of, std::size_t channel) {
  if (of.arrived[channel])
    return false;
  of.arrived[channel] = true;
  return --of.awaited == 0;
}

/// All barriers of the one at `position` are there: those before it are
/// subsumed.
void barrier_tracker::complete(std::size_t position) {
  const count done = std::move(counts_[position]);
  counts_.erase(counts_.begin(),
                counts_.begin() + static_cast<std::ptrdiff_t>(position) + 1);
  if (!done.aborted)
    taken(done.barrier);
}

void barrier_tracker::give_up(count& what, barrier_abort why) {
  if (!std::exchange(what.aborted, true))
    given_up(what.barrier.checkpoint_id, why);
}

void barrier_tracker::cancel(std::size_t channel, std::uint64_t checkpoint_id) {
  FLOW_ASSERT(channel < open_.size(), "no such channel");
  while (!counts_.empty()
         && counts_.front().barrier.checkpoint_id < checkpoint_id) {
    give_up(counts_.front(), barrier_abort::subsumed);
    counts_.pop_front();
  }
  if (counts_.empty()
      || counts_.front().barrier.checkpoint_id != checkpoint_id) {
    if (latest_ && checkpoint_id <= *latest_)
      return;
    checkpoint_barrier never;
    never.checkpoint_id = checkpoint_id;
    track(never);
  }
  // Kept until all channels have spoken, so that barriers under way do not
  // begin it anew.
  give_up(counts_.front(), barrier_abort::cancelled);
  if (arrive(counts_.front(), channel))
    counts_.pop_front();
}

void barrier_tracker::abort(std::uint64_t checkpoint_id) {
  for (count& each : counts_)
    if (each.barrier.checkpoint_id == checkpoint_id)
      give_up(each, barrier_abort::cancelled);
  std::erase_if(counts_, [&](const count& each) {
    return each.barrier.checkpoint_id == checkpoint_id;
  });
  latest_ = std::max(latest_.value_or(0), checkpoint_id);
}

void barrier_tracker::end_of_partition(std::size_t channel) {
  FLOW_ASSERT(channel < open_.size(), "no such channel");
  if (!open_[channel])
    return;
  open_[channel] = false;
  if (!after_finish_) {
    for (count& each : counts_)
      give_up(each, barrier_abort::end_of_partition);
    counts_.clear();
    return;
  }
  // In order, so that an older one is taken before a newer one.
  for (auto it = counts_.begin(); it != counts_.end();) {
    if (!arrive(*it, channel)) {
      ++it;
      continue;
    }
    if (!it->aborted)
      taken(it->barrier);
    it = counts_.erase(it);
  }
}

bool barrier_tracker::pending() const {
  return std::ranges::any_of(counts_,
                             [](const count& each) { return !each.aborted; });
}

std::vector<std::size_t> barrier_tracker::awaited() const {
  std::vector<std::size_t> result;
  for (const count& each : counts_)
    for (std::size_t i = 0; !each.aborted && i < each.arrived.size(); ++i)
      if (!each.arrived[i] && std::ranges::find(result, i) == result.end())
        result.push_back(i);
  return result;
}

} // namespace flow
