#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "libflow/core/arena.hpp"
#include "libflow/core/assert.hpp"
#include "libflow/core/key_group.hpp"
#include "libflow/state/key_hasher.hpp"
#include "libflow/state/segment.hpp"
#include "libflow/state/segment_pool.hpp"
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
    : pool_(std::move(pool)), begin_(owned.first),
      normalise_(
        static_cast<std::uint32_t>(std::countl_zero(owned.last - owned.first))),
      used_share_(((owned.last - owned.first) << normalise_ >> 32) + 1),
      hasher_(std::move(hasher)) {
    FLOW_ASSERT(pool_ != nullptr && owned.first < owned.last,
                "a table has a pool and a range of hashes");
    reset(depth_hint);
  }

  segmented_table(const segmented_table&) = delete;
  segmented_table& operator=(const segmented_table&) = delete;

  ~segmented_table() { release_segments(); }

  /// Starts loading what find() of this hash will touch. Worth it some 8 to 32
  /// keys ahead.
  void prefetch(std::uint64_t hash) const noexcept {
    const place at{directory_data_[index_of(hash)]};
    const auto slot = static_cast<std::uint32_t>(hash) & at.mask();
    __builtin_prefetch(at.tags() + slot, 1);
    __builtin_prefetch(at.entries() + slot, 1);
    // The compiler takes a function that does nothing but prefetch for one
    // without effects, and drops calls to it; this line is an effect.
    asm volatile("");
  }

  /// The same for what owns() reads.
  void prefetch_owner(std::uint64_t hash) const noexcept {
    __builtin_prefetch(
      &place{directory_data_[index_of(hash)]}.segment().header(), 0);
    asm volatile("");
  }

  /// Whether no snapshot holds the values of keys with this hash.
  [[nodiscard]] bool owns(std::uint64_t hash) const noexcept {
    return !snapshot_live()
           || !place{directory_data_[index_of(hash)]}.segment().shared();
  }

  /// Whether keys of two hashes are in one segment.
  [[nodiscard]] bool same_segment(std::uint64_t a,
                                  std::uint64_t b) const noexcept {
    return directory_data_[index_of(a)] == directory_data_[index_of(b)];
  }

  /// The value of a key, or nullptr. Here and below a key may be given as
  /// anything that it compares with and can be made of.
  /// @pre hash is the key's, within the owned range
  template <class Lookup>
  [[nodiscard]] const Value* find(std::uint64_t hash,
                                  const Lookup& key) const noexcept {
    const entry* found =
      find_entry(place{directory_data_[index_of(hash)]}, hash, key);
    return found != nullptr ? &found->value : nullptr;
  }

  /// A key and its value; no key: none.
  struct item {
    const Key* key = nullptr;
    const Value* value = nullptr;
    explicit operator bool() const noexcept { return key != nullptr; }
  };

  /// The same as find(), with the key as it stands in the table.
  template <class Lookup>
  [[nodiscard]] item find_item(std::uint64_t hash,
                               const Lookup& key) const noexcept {
    const entry* found =
      find_entry(place{directory_data_[index_of(hash)]}, hash, key);
    return found != nullptr ? item{&found->key, &found->value} : item{};
  }

  /// The value of a key, to be written to, or nullptr. The segment is no
  /// snapshot's any more.
  template <class Lookup>
  [[nodiscard]] Value* find_writable(std::uint64_t hash, const Lookup& key) {
    const std::size_t index = index_of(hash);
    entry* found = find_entry(place{directory_data_[index]}, hash, key);
    if (found == nullptr)
      return nullptr;
    if (snapshot_live() && unshare(index)) [[unlikely]]
      found = find_entry(place{directory_data_[index]}, hash, key);
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
    std::size_t index = index_of(hash);
    if (find_entry(place{directory_data_[index]}, hash, key) == nullptr)
      return false;
    if (snapshot_live())
      unshare(index);
    const place at{directory_data_[index]};
    const entry* found = find_entry(at, hash, key);
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
    const std::size_t index = index_of(from);
    const std::size_t next = next_segment(index);
    sweep_slots(index, judge, change);
    const std::uint64_t last = hashes_of_places(index, next).last;
    return next >= directory_.size() || last < from ? begin_ : last + 1;
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
    return segment_bytes_ + directory_.capacity() * sizeof(std::uintptr_t);
  }

  /// Depth at which a new table of this one's size need not split.
  [[nodiscard]] std::uint32_t depth_hint() const noexcept {
    if (segments_ < 2)
      return 0;
    // The owned range fills more than half of the directory; the rest of its
    // places leads nowhere.
    const std::size_t places = (segments_ << 32) / used_share_;
    return static_cast<std::uint32_t>(std::bit_width(places * 3 / 4));
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
         index = next_segment(index)) {
      const segment_type one = place{directory_[index]}.segment();
      const entry* entries = one.entries();
      one.for_each_slot([&](std::uint32_t slot) {
        f(std::as_const(entries[slot].key), std::as_const(entries[slot].value));
      });
    }
  }

  /// The same, with a value that may be written to.
  struct writable_item {
    const Key* key = nullptr;
    Value* value = nullptr;
    explicit operator bool() const noexcept { return key != nullptr; }
  };

  /// Walks over the entries in steps, in the order of for_each(). One that is
  /// not of a constant table gives values to be written to: it copies segments
  /// that a snapshot holds.
  /// Owner: whoever walks; must not outlive the table, of which between the
  /// first step and the last nothing else may be changed, nor a snapshot taken
  /// when values are written to.
  template <class Table>
  class basic_cursor {
    static constexpr bool writes = !std::is_const_v<Table>;
    using result = std::conditional_t<writes, writable_item, item>;

  public:
    explicit basic_cursor(Table& table) : table_(&table) {
      if (!table.directory_.empty())
        enter();
    }

    /// The next entry; an item without a key at the end and ever after.
    [[nodiscard]] result next() {
      while (used_ == 0) {
        base_ += detail::tag_group;
        if (base_ < slots_) {
          load();
          continue;
        }
        if (index_ >= table_->directory_.size())
          return {};
        index_ = table_->next_segment(index_);
        if (index_ >= table_->directory_.size())
          return {};
        enter();
      }
      const auto slot =
        base_ + static_cast<std::uint32_t>(std::countr_zero(used_));
      used_ &= used_ - 1;
      return {&entries_[slot].key, &entries_[slot].value};
    }

  private:
    void enter() {
      if constexpr (writes) {
        if (table_->snapshot_live())
          table_->unshare(index_);
      }
      const auto one = place{table_->directory_[index_]}.segment();
      entries_ = one.entries();
      tags_ = one.tags();
      slots_ = one.slots();
      base_ = 0;
      load();
    }
    void load() noexcept {
      used_ = static_cast<std::uint32_t>(
        _mm_movemask_epi8(detail::load_tags(tags_ + base_)));
    }

    Table* table_;
    std::size_t index_ = 0;
    detail::table_entry<Key, Value>* entries_ = nullptr;
    const std::uint8_t* tags_ = nullptr;
    std::uint32_t slots_ = 0;
    std::uint32_t base_ = 0;
    std::uint32_t used_ = 0;
  };
  using cursor = basic_cursor<const segmented_table>;
  using writing_cursor = basic_cursor<segmented_table>;

  /// The contents as they are now. Cost: one reference per segment, no copy.
  [[nodiscard]] snapshot_type snapshot() {
    static_assert(segment_type::copyable,
                  "a snapshot needs keys and values that can be copied");
    std::vector<typename snapshot_type::part> held;
    held.reserve(segments_);
    constexpr std::size_t ahead = 16;
    for (std::size_t index = 0; index < directory_.size();) {
      if (index + ahead < directory_.size())
        __builtin_prefetch(&place{directory_[index + ahead]}.segment().header(),
                           1);
      segment_type one = place{directory_[index]}.segment();
      const std::size_t next = next_segment(index);
      if (one.header().size != 0) {
        one.acquire();
        held.push_back({one, hashes_of_places(index, next)});
      }
      index = next;
    }
    live_->fetch_add(1, std::memory_order_relaxed);
    return snapshot_type{pool_, live_, std::move(held), size_};
  }

private:
  using segment_type = detail::segment<Key, Value>;
  using entry = typename segment_type::entry;

  /// A word of the directory: the address of a segment and, in the bits that
  /// its alignment leaves free, the binary logarithm of its slots, so that a
  /// search does not touch the segment's header.
  class place {
  public:
    explicit place(std::uintptr_t word) noexcept : word_(word) {}
    explicit place(segment_type one) noexcept
      : word_(reinterpret_cast<std::uintptr_t>(&one.header())
              | static_cast<std::uintptr_t>(std::countr_zero(one.slots()))) {}

    [[nodiscard]] std::uintptr_t word() const noexcept { return word_; }
    [[nodiscard]] std::size_t slots() const noexcept {
      return std::size_t{1} << (word_ & log_mask);
    }
    [[nodiscard]] std::uint32_t mask() const noexcept {
      return static_cast<std::uint32_t>(slots() - 1);
    }
    [[nodiscard]] segment_type segment() const noexcept {
      return segment_type{header()};
    }
    [[nodiscard]] std::uint8_t* tags() const noexcept {
      return segment().tags();
    }
    [[nodiscard]] entry* entries() const noexcept {
      return segment_type::entries_at(header(), slots());
    }

  private:
    static constexpr std::uintptr_t log_mask = segment_pool::alignment - 1;

    [[nodiscard]] detail::segment_header* header() const noexcept {
      return reinterpret_cast<detail::segment_header*>(word_ & ~log_mask);
    }

    std::uintptr_t word_;
  };

  /// A directory that grows beyond this many places per segment would be the
  /// answer to keys whose hashes agree in their top bits; the segment grows
  /// instead.
  static constexpr std::size_t max_places_per_segment = 256;

  [[nodiscard]] std::uint64_t normalised(std::uint64_t hash) const noexcept {
    return (hash - begin_) << normalise_;
  }
  [[nodiscard]] std::size_t index_of(std::uint64_t hash) const noexcept {
    return normalised(hash) >> directory_shift_;
  }

  /// The hashes that lead to places first .. next - 1.
  [[nodiscard]] hash_range hashes_of_places(std::size_t first,
                                            std::size_t next) const noexcept {
    // Behind the last place the shift gives 0, and one less all bits.
    const std::uint64_t end = next << directory_shift_;
    return {begin_ + ((first << directory_shift_) >> normalise_),
            begin_ + ((end - 1) >> normalise_)};
  }

  template <class Lookup>
  [[nodiscard]] static entry* find_entry(place at, std::uint64_t hash,
                                         const Lookup& key) noexcept {
    const std::uint32_t mask = at.mask();
    const std::uint8_t* tags = at.tags();
    entry* entries = at.entries();
    const std::uint8_t tag = detail::tag_of(hash);
    auto slot = static_cast<std::uint32_t>(hash) & mask;
    for (;;) {
      const auto group = detail::load_tags(tags + slot);
      for (auto match = detail::match_tag(group, tag); match != 0;
           match &= match - 1) {
        entry* candidate =
          entries
          + ((slot + static_cast<std::uint32_t>(std::countr_zero(match)))
             & mask);
        if (candidate->key == key) [[likely]]
          return candidate;
      }
      if (detail::match_tag(group, detail::tag_empty) != 0) [[likely]]
        return nullptr;
      slot = (slot + detail::tag_group) & mask;
    }
  }

  /// Places of the directory that lead to a segment: a run whose length is a
  /// power of two.
  [[nodiscard]] std::size_t
  run_length(const detail::segment_header& header) const noexcept {
    return std::size_t{1} << (depth_ - header.depth);
  }
  [[nodiscard]] std::size_t next_segment(std::size_t index) const noexcept {
    return index + run_length(place{directory_[index]}.segment().header());
  }

  void set_run(std::size_t index, segment_type one) {
    const std::size_t length = run_length(one.header());
    const std::size_t first = index & ~(length - 1);
    std::fill_n(directory_.begin() + static_cast<std::ptrdiff_t>(first), length,
                place{one}.word());
  }

  template <class Lookup>
  [[gnu::noinline]] Value& insert(std::uint64_t hash, const Lookup& key) {
    std::size_t index = index_of(hash);
    while (place{directory_[index]}.segment().header().unused == 0) {
      make_room(index);
      index = index_of(hash);
    }
    if (snapshot_live())
      unshare(index);
    segment_type one = place{directory_[index]}.segment();
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
    segment_type one = place{directory_[index]}.segment();
    bool writable = !snapshot_live();
    one.for_each_slot([&](std::uint32_t slot) {
      const sweep verdict = judge(std::as_const(one.entries()[slot].value));
      if (verdict == sweep::keep)
        return;
      if (!std::exchange(writable, true)) {
        unshare(index); // a copy has its entries in the same slots
        one = place{directory_[index]}.segment();
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
    const segment_type one = place{directory_[index]}.segment();
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
    if (header.depth < depth_)
      return true;
    return depth_ < detail::max_segment_depth
           && directory_.size() <= max_places_per_segment * (segments_ + 1);
  }

  segment_type make(std::uint32_t slots, std::uint32_t depth) {
    segment_bytes_ += segment_type::block_bytes(slots);
    return segment_type::make(*pool_, slots, depth);
  }

  /// Puts a segment in the place of an empty one.
  void replace(std::size_t index, segment_type one) {
    set_run(index, one);
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
    segment_type old = place{directory_[index]}.segment();
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
    segment_type old = place{directory_[index]}.segment();
    const std::uint32_t depth = old.header().depth;
    if (depth == depth_) {
      double_directory();
      index *= 2;
    }
    const bool copy = must_copy(old);
    std::pair<segment_type, segment_type> halves{make(old.slots(), depth + 1),
                                                 make(old.slots(), depth + 1)};
    const std::uint64_t bit = std::uint64_t{1} << (63 - depth);
    old.for_each_slot([&](std::uint32_t slot) {
      const std::uint64_t hash = hasher_(old.entries()[slot].key);
      const bool upper = (normalised(hash) & bit) != 0;
      old.transfer(slot, copy, upper ? halves.second : halves.first, hash);
    });
    const std::size_t length = std::size_t{1} << (depth_ - depth);
    const std::size_t first = index & ~(length - 1);
    set_run(first, halves.first);
    set_run(first + length / 2, halves.second);
    ++segments_;
    ++moves_;
    segment_bytes_ -= segment_type::block_bytes(old.slots());
    old.drop_transferred(copy, *pool_);
  }

  void double_directory() {
    std::vector<std::uintptr_t> doubled(directory_.size() * 2);
    for (std::size_t i = 0; i < directory_.size(); ++i)
      doubled[2 * i] = doubled[2 * i + 1] = directory_[i];
    directory_.swap(doubled);
    ++depth_;
    directory_changed();
  }

  /// Makes the segment at a place this table's alone; whether it had to be
  /// copied.
  [[gnu::noinline]] bool unshare(std::size_t index) {
    if constexpr (segment_type::copyable) {
      segment_type old = place{directory_[index]}.segment();
      if (!old.shared())
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
    segment_type old = place{directory_[index]}.segment();
    const auto depth = old.header().depth;
    segment_bytes_ -= segment_type::block_bytes(old.slots());
    replace(index, segment_type{detail::empty_segment_of(depth)});
    --segments_;
    old.release(*pool_);
  }

  void release_segments() noexcept {
    for (std::size_t index = 0; index < directory_.size();) {
      segment_type one = place{directory_[index]}.segment();
      index = next_segment(index);
      one.release(*pool_);
    }
  }

  void reset(std::uint32_t depth_hint) {
    depth_ = std::clamp(depth_hint, 1u, detail::max_segment_depth);
    // A single empty segment fills both places of the smallest directory.
    const std::uint32_t depth = depth_hint == 0 ? 0 : depth_;
    first_slots_ =
      depth == 0 ? segment_type::min_slots : segment_type::max_slots;
    const segment_type empty{detail::empty_segment_of(depth)};
    directory_.assign(std::size_t{1} << depth_, place{empty}.word());
    directory_changed();
    size_ = 0;
    segments_ = 0;
    segment_bytes_ = 0;
    ++moves_;
  }

  void directory_changed() noexcept {
    directory_data_ = directory_.data();
    directory_shift_ = 64 - depth_;
  }

  // What a search reads comes first.
  const std::uintptr_t* directory_data_ = nullptr;
  std::shared_ptr<segment_pool> pool_;
  std::uint64_t begin_;
  std::uint32_t normalise_;
  std::uint32_t directory_shift_ = 63;
  std::shared_ptr<std::atomic<std::uint32_t>> live_ =
    std::make_shared<std::atomic<std::uint32_t>>(0);
  std::vector<std::uintptr_t> directory_;
  std::uint32_t depth_ = 1;
  std::uint32_t first_slots_ = segment_type::min_slots;
  std::size_t size_ = 0;
  std::size_t segments_ = 0;
  std::size_t segment_bytes_ = 0;
  std::uint64_t moves_ = 0;
  std::uint64_t used_share_; // of the directory, in 2^-32
  [[no_unique_address]] Hasher hasher_;
};

} // namespace flow
