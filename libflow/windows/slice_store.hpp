#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>

#include "libflow/core/key_group.hpp"
#include "libflow/state/segment_pool.hpp"
#include "libflow/state/segmented_table.hpp"
#include "libflow/windows/window.hpp"

namespace flow {

/// One slice of event time: the accumulators of all keys that have records in
/// it. All of them share one timer, the slice's end.
template <class K, class Accumulator>
struct window_slice {
  using table_type = segmented_table<K, Accumulator>;

  window_slice(time_window slice, bool is_complete,
               std::shared_ptr<segment_pool> pool, hash_range owned,
               std::uint32_t depth_hint)
    : window(slice), complete(is_complete),
      table(std::move(pool), owned, depth_hint) {}

  time_window window;
  bool complete; ///< the watermark has passed its end
  table_type table;
};

/// The slices of one window operator in the order of time: open ones, which
/// the watermark has yet to pass, and complete ones, which are kept for late
/// records.
/// Owner: the operator. A slice stays where it is until it is dropped.
/// Memory: one table per slice; segments of dropped slices are used again.
/// Cost: logarithmic in the number of slices; nothing here is per record.
/// @thread the subtask
template <class K, class Accumulator>
class slice_store {
public:
  using slice = window_slice<K, Accumulator>;

  /// Says which hashes come. @pre there is no slice yet
  void own(hash_range owned) noexcept { owned_ = owned; }
  [[nodiscard]] const hash_range& owned() const noexcept { return owned_; }

  /// The slice of a window that is not complete; made if absent.
  slice& open(const time_window& window) {
    return find_or_make(open_, window, false);
  }

  /// The slice of a window that is complete; made if absent.
  slice& complete(const time_window& window) {
    return find_or_make(complete_, window, true);
  }

  /// The earliest open slice if the watermark completes it, else nullptr.
  [[nodiscard]] slice* next_due(timestamp watermark) noexcept {
    if (open_.empty())
      return nullptr;
    slice& first = open_.begin()->second;
    return first.window.max_timestamp() <= watermark ? &first : nullptr;
  }

  /// Files the earliest open slice under the complete ones.
  /// @pre next_due() gave it
  void mark_complete() {
    auto node = open_.extract(open_.begin());
    node.mapped().complete = true;
    depth_hint_ = node.mapped().table.depth_hint();
    complete_.insert(std::move(node));
  }

  /// Drops the complete slices that accept no record any more.
  void drop_closed(timestamp watermark, duration_ms allowed_lateness) {
    while (!complete_.empty()) {
      const auto first = complete_.begin();
      const timestamp cleanup =
        first->second.window.cleanup_time(allowed_lateness);
      if (cleanup > watermark || cleanup == max_timestamp)
        return;
      complete_.erase(first);
    }
  }

  /// Calls f(slice) for all, complete ones first, each kind in order.
  template <class F>
  void for_each(F&& f) const {
    for (const auto& [start, each] : complete_)
      f(each);
    for (const auto& [start, each] : open_)
      f(each);
  }
  template <class F>
  void for_each(F&& f) {
    for (auto& [start, each] : complete_)
      f(each);
    for (auto& [start, each] : open_)
      f(each);
  }

  [[nodiscard]] std::size_t size() const noexcept {
    return open_.size() + complete_.size();
  }

  /// Memory of the tables; not what keys and accumulators hold elsewhere.
  [[nodiscard]] std::size_t bytes() const noexcept {
    std::size_t total = size() * sizeof(slice);
    for_each([&](const slice& each) { total += each.table.bytes(); });
    return total;
  }

private:
  using slices = std::map<timestamp, slice>;

  slice& find_or_make(slices& among, const time_window& window,
                      bool is_complete) {
    const auto found = among.find(window.start);
    if (found != among.end())
      return found->second;
    // A slice ahead of all others will likely be as large as the last; one
    // that old records bring up will not.
    const bool newest =
      !is_complete && (open_.empty() || open_.rbegin()->first < window.start);
    return among
      .try_emplace(window.start, window, is_complete, pool_, owned_,
                   newest ? depth_hint_ : 0)
      .first->second;
  }

  std::shared_ptr<segment_pool> pool_ = std::make_shared<segment_pool>();
  hash_range owned_;
  slices open_;
  slices complete_;
  std::uint32_t depth_hint_ = 0;
};

} // namespace flow
