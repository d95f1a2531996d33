#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "libflow/core/arena.hpp"
#include "libflow/core/timestamp.hpp"
#include "libflow/state/keyed_state.hpp"
#include "libflow/time/firing_step.hpp"

namespace flow {

/// Keys to be looked at when time reaches something: what timers are for an
/// operator that finds in its state what is due, and so needs none of its own
/// in a snapshot. A key may be noted several times and for times at which
/// nothing is due any more: who looks has to see that.
/// Owner: the operator, which notes its keys again after a restore. Cost: a
/// few steps in an ordered map for the first key of a millisecond, a few
/// nanoseconds for the others. Memory: a key and its hash per note.
/// @thread the operator's
template <class K>
class key_calendar {
public:
  void note(timestamp at, const K& key, std::uint64_t hash) {
    const arena_scope owning{nullptr};
    page(at).push_back({key, hash});
    ++size_;
  }

  /// Looks at the keys that are due at `upto` or before, in the order of time,
  /// those of one time in that of their hashes, also at what is noted
  /// meanwhile: `f(timestamp, const K&, hash)` with the key current. f returns
  /// false to end the step early. No key is current afterwards.
  /// @return whether nothing is due any more; else call again, in a step of
  ///         its own
  template <class F>
  [[nodiscard]] bool look(keyed_state_store<K>& states, timestamp upto,
                          firing_step& step, F&& f) {
    for (;;) {
      if (position_ == due_.size() && !turn_page(upto))
        return true;
      if (!look_at_some(states, step, f))
        return false;
    }
  }

  [[nodiscard]] std::size_t bytes() const noexcept {
    return (size_ + due_.size()) * sizeof(entry)
           + pages_.size() * sizeof(std::pair<const timestamp, page_type>);
  }

private:
  struct entry {
    K key;
    std::uint64_t hash = 0;
  };
  using page_type = std::vector<entry>;

  static constexpr std::size_t most_spare_pages = 16;

  /// Makes the earliest page the one in work; false when it is not due.
  bool turn_page(timestamp upto) {
    position_ = 0;
    keep_for_later(std::exchange(due_, {}));
    const auto first = pages_.begin();
    if (first == pages_.end() || first->first > upto)
      return false;
    due_time_ = first->first;
    due_ = std::move(first->second);
    if (last_ == first)
      last_ = pages_.end();
    pages_.erase(first);
    size_ -= due_.size();
    std::ranges::sort(due_, {}, &entry::hash);
    return true;
  }

  /// The next keys of the page in work, looked up together.
  template <class F>
  bool look_at_some(keyed_state_store<K>& states, firing_step& step, F& f) {
    std::array<const K*, keyed_block_records> keys;
    std::array<std::uint64_t, keyed_block_records> hashes;
    const std::size_t size = std::min(keys.size(), due_.size() - position_);
    for (std::size_t i = 0; i < size; ++i) {
      keys[i] = &due_[position_ + i].key;
      hashes[i] = due_[position_ + i].hash;
    }
    states.prefetch({hashes.data(), size});
    states.begin_block({keys.data(), size}, {hashes.data(), size});
    bool goes_on = true;
    for (std::size_t i = 0; i < size && goes_on && step.take(); ++i) {
      ++position_;
      states.select(i);
      goes_on = f(due_time_, *keys[i], hashes[i]);
    }
    states.end_block();
    return goes_on && !step.over();
  }

  page_type& page(timestamp at) {
    if (last_ != pages_.end() && last_->first == at)
      return last_->second;
    bool fresh = false;
    std::tie(last_, fresh) = pages_.try_emplace(at);
    if (fresh && !spare_.empty()) {
      last_->second = std::move(spare_.back());
      spare_.pop_back();
    }
    return last_->second;
  }

  /// An empty page keeps its memory.
  void keep_for_later(page_type page) {
    page.clear();
    if (page.capacity() > 0 && spare_.size() < most_spare_pages)
      spare_.push_back(std::move(page));
  }

  std::map<timestamp, page_type> pages_;
  typename std::map<timestamp, page_type>::iterator last_ = pages_.end();
  std::vector<page_type> spare_;
  std::size_t size_ = 0; // of all pages

  page_type due_; // the page in work: from position_ on
  std::size_t position_ = 0;
  timestamp due_time_ = min_timestamp;
};

} // namespace flow
