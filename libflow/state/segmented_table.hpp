#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "libflow/core/arena.hpp"
#include "libflow/core/assert.hpp"
#include "libflow/core/key_group.hpp"
#include "libflow/state/key_hasher.hpp"
#include "libflow/state/segment.hpp"
#include "libflow/state/segment_pool.hpp"
#include "libflow/state/table_cursor.hpp"
#include "libflow/state/table_directory.hpp"
#include "libflow/state/table_snapshot.hpp"

namespace flow {

/// What becomes of an entry that is looked at.
enum class sweep : std::uint8_t { keep, change, erase };

/// The keyed table of one subtask: all keys of one range of hashes.
///
/// The top bits of the hash, counted within the owned range, find a segment (a
/// flat table of 3 to 8 KiB) through a directory; the low bits find the slot
/// in it. A full segment splits alone and the directory doubles by copying
/// pointers (extendible hashing), so nothing is ever rehashed as a whole:
/// the longest insert splits one segment.
///
/// A snapshot takes references to the segments. While one lives, a segment it
/// holds is copied before its first write.
///
/// Owner: one operator. References to values are valid until the next
/// insert, erase, clear, or write after a snapshot; `moves()` counts the
/// moments at which values of other keys may have moved.
/// Keys are copied in with owned bytes (core/text.hpp).
/// @thread one at a time; snapshots elsewhere
template <class Key, class Value, class Hasher = key_hasher>
class segmented_table {
public:
  using key_type = Key;
  using value_type = Value;
  using snapshot_type = table_snapshot<Key, Value>;

  /// An empty table that allocates segments as keys come.
  /// @param owned  hashes of the keys that will come
  /// @param depth_hint  depth_hint() of a table of the size expected; 0: none
  explicit segmented_table(std::shared_ptr<segment_pool> pool,
                           hash_range owned = {}, std::uint32_t depth_hint = 0,
                           Hasher hasher = {})
    : directory_(owned), pool_(std::move(pool)), hasher_(std::move(hasher)) {
    FLOW_ASSERT(pool_ != nullptr, "a table has a pool");
    reset(depth_hint);
  }

  segmented_table(const segmented_table&) = delete;
  segmented_table& operator=(const segmented_table&) = delete;

  ~segmented_table() { release_segments(); }

  /// Starts loading what find() of this hash will touch. Worth it some 8 to 32
  /// keys ahead.
  void prefetch(std::uint64_t hash) const noexcept {
    const auto at = directory_.of(hash);
    const auto slot = static_cast<std::uint32_t>(hash) & at.mask();
    __builtin_prefetch(at.tags() + slot, 1);
    __builtin_prefetch(at.entries() + slot, 1);
    // The compiler takes a function that does nothing but prefetch for one
    // without effects, and drops calls to it; this line is an effect.
    asm volatile("");
  }

  /// The same for what owns() reads.
  void prefetch_owner(std::uint64_t hash) const noexcept {
    const auto at = directory_.of(hash);
    if (at.maybe_shared())
      __builtin_prefetch(&at.segment().header(), 0);
    asm volatile("");
  }

  /// Whether no snapshot holds the values of keys with this hash.
  [[nodiscard]] bool owns(std::uint64_t hash) const noexcept {
    if (!snapshot_live())
      return true;
    const auto at = directory_.of(hash);
    return !at.maybe_shared() || !at.segment().shared();
  }

  /// Whether keys of two hashes are in one segment.
  [[nodiscard]] bool same_segment(std::uint64_t a,
                                  std::uint64_t b) const noexcept {
    return directory_.of(a).word() == directory_.of(b).word();
  }

  /// The value of a key, or nullptr. Here and below a key may be given as
  /// anything that it compares with and can be made of.
  /// @pre hash is the key's, within the owned range
  template <class Lookup>
  [[nodiscard]] const Value* find(std::uint64_t hash,
                                  const Lookup& key) const noexcept {
    const entry* found = directory_.of(hash).find(hash, key);
    return found != nullptr ? &found->value : nullptr;
  }

  /// A key and its value; no key: none.
  using item = table_item<Key, const Value>;

  /// The same as find(), with the key as it stands in the table.
  template <class Lookup>
  [[nodiscard]] item find_item(std::uint64_t hash,
                               const Lookup& key) const noexcept {
    const entry* found = directory_.of(hash).find(hash, key);
    return found != nullptr ? item{&found->key, &found->value} : item{};
  }

  /// The value of a key, to be written to, or nullptr. The segment is no
  /// snapshot's any more.
  template <class Lookup>
  [[nodiscard]] Value* find_writable(std::uint64_t hash, const Lookup& key) {
    const std::size_t index = directory_.index_of(hash);
    entry* found = directory_.at(index).find(hash, key);
    if (found == nullptr)
      return nullptr;
    if (snapshot_live() && unshare(index)) [[unlikely]]
      found = directory_.at(index).find(hash, key);
    return &found->value;
  }

  /// The value of a key, to be written to; a new one is value-initialised.
  template <class Lookup>
  Value& upsert(std::uint64_t hash, const Lookup& key, bool& inserted) {
    Value* found = find_writable(hash, key);
    inserted = found == nullptr;
    return inserted ? insert(hash, key) : *found;
  }
  template <class Lookup>
  Value& upsert(std::uint64_t hash, const Lookup& key) {
    bool inserted = false;
    return upsert(hash, key, inserted);
  }

  /// Whether the key was there. Never moves another key's value, except that
  /// a segment that a snapshot holds is copied first.
  template <class Lookup>
  bool erase(std::uint64_t hash, const Lookup& key) {
    std::size_t index = directory_.index_of(hash);
    if (directory_.at(index).find(hash, key) == nullptr)
      return false;
    if (snapshot_live())
      unshare(index);
    const auto at = directory_.at(index);
    const entry* found = at.find(hash, key);
    segment_type one = at.segment();
    one.erase(static_cast<std::uint32_t>(found - one.entries()));
    --size_;
    if (one.header().size == 0)
      drop_empty(index);
    return true;
  }

  /// Looks at the entries of one segment, that which the hash `from` leads to:
  /// judge(const Value&) says what becomes of each; change(Value&) changes it
  /// and says whether it stays. So a table is cleaned up in steps.
  /// @return a hash of the segment behind it; behind the last, of the first
  template <class Judge, class Change>
  std::uint64_t sweep_segment(std::uint64_t from, Judge&& judge,
                              Change&& change) {
    const std::size_t index = directory_.index_of(from);
    const std::size_t next = directory_.next_segment(index);
    sweep_slots(index, judge, change);
    const std::uint64_t last = directory_.hashes_of_places(index, next).last;
    return next >= directory_.size() || last < from ? directory_.first_hash()
                                                    : last + 1;
  }

  /// Ends all entries; segments go back to the pool.
  /// @param depth_hint  as in the constructor
  void clear(std::uint32_t depth_hint = 0) {
    release_segments();
    reset(depth_hint);
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

  /// Memory of segments and directory; not what keys and values hold
  /// elsewhere, nor what only snapshots hold.
  [[nodiscard]] std::size_t bytes() const noexcept {
    return segment_bytes_ + directory_.bytes();
  }

  /// Depth at which a new table of this one's size need not split.
  [[nodiscard]] std::uint32_t depth_hint() const noexcept {
    return segments_ < 2 ? 0 : directory_.depth_for(segments_);
  }

  [[nodiscard]] std::size_t segment_count() const noexcept { return segments_; }

  /// Changes whenever references to values may have become invalid.
  [[nodiscard]] std::uint64_t moves() const noexcept { return moves_; }

  /// Whether a snapshot may still hold segments: writes have to go through
  /// find_writable() or upsert().
  [[nodiscard]] bool snapshot_live() const noexcept {
    return live_->load(std::memory_order_acquire) != 0;
  }

  /// Calls f(const Key&, const Value&) for every entry, segments in the order
  /// of hashes. The table must not be changed meanwhile.
  template <class F>
  void for_each(F&& f) const {
    for (std::size_t index = 0; index < directory_.size();
         index = directory_.next_segment(index)) {
      const segment_type one = directory_.segment_at(index);
      const entry* entries = one.entries();
      one.for_each_slot([&](std::uint32_t slot) {
        f(std::as_const(entries[slot].key), std::as_const(entries[slot].value));
      });
    }
  }

  /// The same in steps; the second with values that may be written to.
  using cursor = table_cursor<const segmented_table>;
  using writing_cursor = table_cursor<segmented_table>;

  /// The contents as they are now. Cost: one reference per segment, no copy.
  [[nodiscard]] snapshot_type snapshot() {
    static_assert(segment_type::copyable,
                  "a snapshot needs keys and values that can be copied");
    std::vector<typename snapshot_type::part> held;
    held.reserve(segments_);
    constexpr std::size_t ahead = 16;
    for (std::size_t index = 0; index < directory_.size();) {
      if (index + ahead < directory_.size())
        __builtin_prefetch(&directory_.segment_at(index + ahead).header(), 1);
      segment_type one = directory_.segment_at(index);
      const std::size_t next = directory_.next_segment(index);
      if (one.header().size != 0) {
        one.acquire();
        held.push_back({one, directory_.hashes_of_places(index, next)});
        directory_.mark_shared(index);
      }
      index = next;
    }
    live_->fetch_add(1, std::memory_order_relaxed);
    return snapshot_type{pool_, live_, std::move(held), size_};
  }

private:
  using segment_type = detail::segment<Key, Value>;
  using entry = typename segment_type::entry;

  template <class>
  friend class table_cursor;

  /// A directory that grows beyond this many places per segment would be the
  /// answer to keys whose hashes agree in their top bits; the segment grows
  /// instead.
  static constexpr std::size_t max_places_per_segment = 256;

  template <class Lookup>
  [[gnu::noinline]] Value& insert(std::uint64_t hash, const Lookup& key) {
    std::size_t index = directory_.index_of(hash);
    while (directory_.segment_at(index).header().unused == 0) {
      make_room(index);
      index = directory_.index_of(hash);
    }
    if (snapshot_live())
      unshare(index);
    segment_type one = directory_.segment_at(index);
    const std::uint32_t slot = one.free_slot(hash);
    entry* created = one.entries() + slot;
    {
      arena_scope owning{nullptr};
      new (created) entry{Key(key), Value()};
    }
    one.occupy(slot, hash);
    ++size_;
    return created->value;
  }

  template <class Judge, class Change>
  void sweep_slots(std::size_t index, Judge& judge, Change& change) {
    segment_type one = directory_.segment_at(index);
    bool writable = !snapshot_live();
    one.for_each_slot([&](std::uint32_t slot) {
      const sweep verdict = judge(std::as_const(one.entries()[slot].value));
      if (verdict == sweep::keep)
        return;
      if (!std::exchange(writable, true)) {
        unshare(index); // a copy has its entries in the same slots
        one = directory_.segment_at(index);
      }
      if (verdict == sweep::change && change(one.entries()[slot].value))
        return;
      one.erase(slot);
      --size_;
    });
    if (one.header().size == 0 && !one.is_empty_constant())
      drop_empty(index);
  }

  /// Gives the segment at a place room for one more entry.
  void make_room(std::size_t index) {
    const segment_type one = directory_.segment_at(index);
    const auto& header = one.header();
    if (one.is_empty_constant()) {
      replace(index, make(first_slots_, header.depth));
      ++segments_;
    } else if (header.size < segment_type::capacity_of(header.slots) / 4 * 3) {
      rebuild(index, header.slots); // erased slots become usable again
    } else if (header.slots < segment_type::max_slots) {
      rebuild(index, std::min(header.slots * 4, segment_type::max_slots));
    } else if (may_split(header)) {
      split(index);
    } else {
      rebuild(index, header.slots * 2);
    }
  }

  [[nodiscard]] bool
  may_split(const detail::segment_header& header) const noexcept {
    if (header.depth < directory_.depth())
      return true;
    return directory_.depth() < detail::max_segment_depth
           && directory_.size() <= max_places_per_segment * (segments_ + 1);
  }

  segment_type make(std::uint32_t slots, std::uint32_t depth) {
    segment_bytes_ += segment_type::block_bytes(slots);
    return segment_type::make(*pool_, slots, depth);
  }

  /// Puts a segment in the place of an empty one.
  void replace(std::size_t index, segment_type one) {
    directory_.set(index, one);
    ++moves_;
  }

  /// Whether entries of a segment have to be copied because a snapshot holds
  /// them.
  [[nodiscard]] bool must_copy(const segment_type& one) const noexcept {
    if constexpr (segment_type::copyable)
      return snapshot_live() && one.shared();
    else
      return false;
  }

  void rebuild(std::size_t index, std::uint32_t slots) {
    const arena_scope owning{nullptr};
    segment_type old = directory_.segment_at(index);
    const bool copy = must_copy(old);
    segment_type fresh = make(slots, old.header().depth);
    old.for_each_slot([&](std::uint32_t slot) {
      old.transfer(slot, copy, fresh, hasher_(old.entries()[slot].key));
    });
    replace(index, fresh);
    segment_bytes_ -= segment_type::block_bytes(old.slots());
    old.drop_transferred(copy, *pool_);
  }

  void split(std::size_t index) {
    const arena_scope owning{nullptr};
    segment_type old = directory_.segment_at(index);
    const std::uint32_t depth = old.header().depth;
    if (depth == directory_.depth()) {
      directory_.double_places();
      index *= 2;
    }
    const bool copy = must_copy(old);
    std::pair<segment_type, segment_type> halves{make(old.slots(), depth + 1),
                                                 make(old.slots(), depth + 1)};
    old.for_each_slot([&](std::uint32_t slot) {
      const std::uint64_t hash = hasher_(old.entries()[slot].key);
      const bool upper = directory_.in_upper_half(hash, depth);
      old.transfer(slot, copy, upper ? halves.second : halves.first, hash);
    });
    directory_.set_halves(index, depth, halves);
    ++segments_;
    ++moves_;
    segment_bytes_ -= segment_type::block_bytes(old.slots());
    old.drop_transferred(copy, *pool_);
  }

  /// Makes the segment at a place this table's alone; whether it had to be
  /// copied.
  [[gnu::noinline]] bool unshare(std::size_t index) {
    if constexpr (segment_type::copyable) {
      const auto at = directory_.at(index);
      segment_type old = at.segment();
      if (!at.maybe_shared() || !old.shared())
        return false;
      const arena_scope owning{nullptr};
      replace(index, old.clone(*pool_));
      old.release(*pool_);
      return true;
    } else {
      return false;
    }
  }

  void drop_empty(std::size_t index) noexcept {
    segment_type old = directory_.segment_at(index);
    const auto depth = old.header().depth;
    segment_bytes_ -= segment_type::block_bytes(old.slots());
    replace(index, segment_type{detail::empty_segment_of(depth)});
    --segments_;
    old.release(*pool_);
  }

  void release_segments() noexcept {
    for (std::size_t index = 0; index < directory_.size();) {
      segment_type one = directory_.segment_at(index);
      index = directory_.next_segment(index);
      one.release(*pool_);
    }
  }

  void reset(std::uint32_t depth_hint) {
    // Without a hint one segment has all places.
    const std::uint32_t depth = std::min(depth_hint, detail::max_segment_depth);
    first_slots_ =
      depth == 0 ? segment_type::min_slots : segment_type::max_slots;
    directory_.fill(depth, segment_type{detail::empty_segment_of(depth)});
    size_ = 0;
    segments_ = 0;
    segment_bytes_ = 0;
    ++moves_;
  }

  // What a search reads comes first.
  std::shared_ptr<std::atomic<std::uint32_t>> live_ =
    std::make_shared<std::atomic<std::uint32_t>>(0);
  detail::table_directory<Key, Value> directory_;
  std::shared_ptr<segment_pool> pool_;
  std::uint32_t first_slots_ = segment_type::min_slots;
  std::size_t size_ = 0;
  std::size_t segments_ = 0;
  std::size_t segment_bytes_ = 0;
  std::uint64_t moves_ = 0;
  [[no_unique_address]] Hasher hasher_;
};

} // namespace flow
