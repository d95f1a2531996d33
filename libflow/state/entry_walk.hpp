#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "libflow/core/hash.hpp"
#include "libflow/core/key_group.hpp"
#include "libflow/state/entry_refs.hpp"
#include "libflow/state/state_scope.hpp"
#include "libflow/state/table_snapshot.hpp"

namespace flow::detail {

/// Walks over the entries of a table as they were when a snapshot was taken,
/// key group after key group. A segment is given back when the walk leaves it,
/// so that less and less of the table is copied before it is written to.
/// Owner: whoever writes the snapshot; may outlive the table.
/// @thread one at a time, any
template <class K, class N, class V>
class entry_walk {
  using scope = scoping<K, N>;

public:
  using table_key = typename scope::key_type;

  entry_walk(table_snapshot<table_key, V> entries,
             std::uint32_t max_parallelism)
    : entries_(std::move(entries)), max_parallelism_(max_parallelism) {}

  /// Of the table.
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

  /// The entry at hand; nullptr behind the last. Valid until the call after
  /// advance().
  [[nodiscard]] const entry_ref* current() {
    while (next_ == waiting_.size()) {
      if (segment_ == entries_.segment_count())
        return nullptr;
      waiting_.clear();
      next_ = 0;
      entries_.end_segments_before(segment_);
      take_segment(segment_++);
    }
    return &waiting_[next_];
  }

  /// That and those behind it in the same segment; none behind the last.
  [[nodiscard]] std::span<const entry_ref> rest_of_segment() {
    if (current() == nullptr)
      return {};
    return std::span<const entry_ref>{waiting_}.subspan(next_);
  }

  void advance(std::size_t count = 1) noexcept { next_ += count; }

  [[nodiscard]] static const table_key& key_of(const entry_ref& of) noexcept {
    return *static_cast<const table_key*>(of.key);
  }
  [[nodiscard]] static const V& value_of(const entry_ref& of) noexcept {
    return *static_cast<const V*>(of.value);
  }

private:
  void take_segment(std::size_t index) {
    if (index + 1 < entries_.segment_count())
      entries_.prefetch_in(index + 1);
    // A large table has many segments to a group: hashes are needed only
    // where groups meet.
    const auto& hashes = entries_.hashes_in(index);
    const auto first = key_group_of(hashes.first, max_parallelism_);
    const bool one_group = first == key_group_of(hashes.last, max_parallelism_);
    entries_.for_each_in(index, [&](const table_key& key, const V& value) {
      const auto group = one_group ? first
                                   : key_group_of(key_hash(scope::key_of(key)),
                                                  max_parallelism_);
      waiting_.push_back({group, &key, &value});
    });
    if (!one_group)
      sort_by_group(waiting_);
  }

  table_snapshot<table_key, V> entries_;
  std::uint32_t max_parallelism_;
  std::size_t segment_ = 0; // the next to take
  std::vector<entry_ref> waiting_;
  std::size_t next_ = 0;
};

} // namespace flow::detail
