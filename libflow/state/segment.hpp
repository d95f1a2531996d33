#pragma once

#include <emmintrin.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "libflow/core/assert.hpp"
#include "libflow/core/type_traits.hpp"
#include "libflow/state/segment_pool.hpp"

namespace flow::detail {

/// What one byte per slot says: empty, erased, or seven bits of the hash of
/// the key that is there.
inline constexpr std::uint8_t tag_empty = 0;
inline constexpr std::uint8_t tag_erased = 1;
inline constexpr std::uint8_t tag_used = 0x80;

/// Tags are looked at in groups. The first group stands again behind the last
/// slot, so that a group may start anywhere.
inline constexpr std::uint32_t tag_group = 16;

/// Bits 32 to 38: the directory uses the top bits, the slot the low 32.
[[nodiscard]] inline std::uint8_t tag_of(std::uint64_t hash) noexcept {
  return static_cast<std::uint8_t>(hash >> 32) | tag_used;
}

[[nodiscard]] inline __m128i load_tags(const std::uint8_t* tags) noexcept {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(tags));
}

/// One bit per slot of the group whose tag is `tag`.
[[nodiscard]] inline std::uint32_t match_tag(__m128i group,
                                             std::uint8_t tag) noexcept {
  return static_cast<std::uint32_t>(_mm_movemask_epi8(
    _mm_cmpeq_epi8(group, _mm_set1_epi8(static_cast<char>(tag)))));
}

/// First cache line of every segment. References are the only field that two
/// threads touch: the owner's tables and snapshots count one each, and who
/// finds one only may write.
struct segment_header {
  std::atomic<std::uint32_t> references{1};
  std::uint32_t slots = 0;
  std::uint32_t size = 0;   ///< entries
  std::uint32_t unused = 0; ///< empty slots that may still be filled
  std::uint32_t depth = 0;  ///< bits of the hash that all keys here share
};

/// Stands where a table has no segment yet; never written.
struct alignas(segment_pool::alignment) empty_segment {
  segment_header header;
  std::array<std::uint8_t, segment_pool::alignment> tags{};
};

inline constexpr std::uint32_t max_segment_depth = 40;

/// The empty segment of a depth.
[[nodiscard]] inline segment_header*
empty_segment_of(std::uint32_t depth) noexcept {
  struct all {
    all() noexcept {
      for (std::uint32_t i = 0; i <= max_segment_depth; ++i) {
        segments[i].header.slots = tag_group;
        segments[i].header.depth = i;
      }
    }
    std::array<empty_segment, max_segment_depth + 1> segments;
  };
  static all constant;
  return &constant.segments[depth].header;
}

template <class Key, class Value>
struct table_entry {
  Key key;
  Value value;
};

/// A small flat table of `slots` (a power of two) entries: header, tags,
/// entries in one block. A handle, not an owner: the table counts references.
template <class Key, class Value>
class segment {
public:
  using entry = table_entry<Key, Value>;

  static_assert(alignof(entry) <= segment_pool::alignment);

  static constexpr bool relocatable =
    is_trivially_relocatable<Key> && is_trivially_relocatable<Value>;
  static constexpr bool copyable =
    std::is_copy_constructible_v<Key> && std::is_copy_constructible_v<Value>;

  static constexpr std::uint32_t min_slots = tag_group;

  /// Slots of a segment that splits instead of growing: 3 to 8 KiB, because
  /// it is what the first write after a snapshot copies.
  static constexpr std::uint32_t max_slots =
    std::clamp<std::uint32_t>(std::bit_floor(static_cast<std::uint32_t>(
                                (std::size_t{6} << 10) / (sizeof(entry) + 1))),
                              min_slots, 1024);

  segment() = default;
  explicit segment(segment_header* header) noexcept : header_(header) {}

  /// A new segment without entries, of one reference.
  static segment make(segment_pool& pool, std::uint32_t slots,
                      std::uint32_t depth) {
    void* block = pool.take(block_bytes(slots));
    auto* header = new (block) segment_header;
    header->slots = slots;
    header->unused = capacity_of(slots);
    header->depth = depth;
    segment result{header};
    std::memset(result.tags(), tag_empty, slots + tag_group);
    return result;
  }

  /// Ends a segment without ending its entries: they were relocated.
  void free_block(segment_pool& pool) noexcept {
    const std::size_t bytes = block_bytes(header_->slots);
    header_->~segment_header();
    pool.give(header_, bytes);
  }

  /// Gives one reference back; the last one ends the entries and the block.
  void release(segment_pool& pool) noexcept {
    if (is_empty_constant())
      return;
    if (header_->references.load(std::memory_order_acquire) != 1
        && header_->references.fetch_sub(1, std::memory_order_acq_rel) != 1)
      return;
    destroy_entries();
    free_block(pool);
  }

  void acquire() noexcept {
    if (!is_empty_constant())
      header_->references.fetch_add(1, std::memory_order_relaxed);
  }

  [[nodiscard]] bool shared() const noexcept {
    return header_->references.load(std::memory_order_acquire) != 1;
  }

  /// The stand-in of a place without entries.
  [[nodiscard]] bool is_empty_constant() const noexcept {
    return header_->unused == 0 && header_->size == 0
           && header_ == empty_segment_of(header_->depth);
  }

  [[nodiscard]] segment_header& header() const noexcept { return *header_; }
  [[nodiscard]] std::uint32_t slots() const noexcept { return header_->slots; }
  [[nodiscard]] std::uint32_t mask() const noexcept {
    return header_->slots - 1;
  }

  [[nodiscard]] std::uint8_t* tags() const noexcept {
    return reinterpret_cast<std::uint8_t*>(header_) + tags_offset;
  }
  [[nodiscard]] entry* entries() const noexcept {
    return entries_at(header_, header_->slots);
  }
  [[nodiscard]] static entry* entries_at(segment_header* header,
                                         std::size_t slots) noexcept {
    return reinterpret_cast<entry*>(reinterpret_cast<std::byte*>(header)
                                    + entries_offset(slots));
  }

  /// Entries that fit before the segment must make room: 7/8 of the slots.
  [[nodiscard]] static constexpr std::uint32_t
  capacity_of(std::uint32_t slots) noexcept {
    return slots - slots / 8;
  }

  [[nodiscard]] static constexpr std::size_t
  block_bytes(std::size_t slots) noexcept {
    return round_up(entries_offset(slots) + slots * sizeof(entry));
  }

  void set_tag(std::uint32_t slot, std::uint8_t tag) noexcept {
    tags()[slot] = tag;
    if (slot < tag_group)
      tags()[slots() + slot] = tag;
  }

  /// The slot where a key that is absent goes.
  /// @pre an empty or erased slot exists
  [[nodiscard]] std::uint32_t free_slot(std::uint64_t hash) const noexcept {
    auto slot = static_cast<std::uint32_t>(hash) & mask();
    for (;;) {
      // Used tags have the top bit.
      const auto used =
        static_cast<std::uint32_t>(_mm_movemask_epi8(load_tags(tags() + slot)));
      const std::uint32_t free = ~used & 0xffff;
      if (free != 0) [[likely]]
        return (slot + static_cast<std::uint32_t>(std::countr_zero(free)))
               & mask();
      slot = (slot + tag_group) & mask();
    }
  }

  /// Marks a slot of free_slot() as used; the caller fills it.
  void occupy(std::uint32_t slot, std::uint64_t hash) noexcept {
    if (tags()[slot] == tag_empty)
      --header_->unused;
    ++header_->size;
    set_tag(slot, tag_of(hash));
  }

  /// Ends an entry. Where no search passes, its slot becomes empty and so do
  /// the erased ones in front; else it is marked as erased.
  void erase(std::uint32_t slot) noexcept {
    std::destroy_at(entries() + slot);
    --header_->size;
    if (tags()[(slot + 1) & mask()] != tag_empty) {
      set_tag(slot, tag_erased);
      return;
    }
    do {
      set_tag(slot, tag_empty);
      ++header_->unused;
      slot = (slot - 1) & mask();
    } while (tags()[slot] == tag_erased);
  }

  /// Calls f(slot) for every used slot, in order.
  template <class F>
  void for_each_slot(F&& f) const {
    for (std::uint32_t base = 0; base < slots(); base += tag_group) {
      auto used =
        static_cast<std::uint32_t>(_mm_movemask_epi8(load_tags(tags() + base)));
      for (; used != 0; used &= used - 1)
        f(base + static_cast<std::uint32_t>(std::countr_zero(used)));
    }
  }

  /// A copy of one reference.
  [[nodiscard]] segment clone(segment_pool& pool) const {
    segment result = make(pool, slots(), header_->depth);
    const entry* from = entries();
    entry* to = result.entries();
    if constexpr (std::is_trivially_copyable_v<entry>) {
      std::memcpy(static_cast<void*>(to), from, slots() * sizeof(entry));
    } else {
      for_each_slot([&](std::uint32_t slot) {
        new (to + slot) entry{from[slot].key, from[slot].value};
      });
    }
    std::memcpy(result.tags(), tags(), slots() + tag_group);
    result.header_->size = header_->size;
    result.header_->unused = header_->unused;
    return result;
  }

  /// Places a copy (of a shared segment) or the thing itself (of one that is
  /// about to be given up by drop_moved) into `target`, which has room.
  void transfer(std::uint32_t slot, bool copy, segment target,
                std::uint64_t hash) {
    const std::uint32_t to_slot = target.free_slot(hash);
    entry* from = entries() + slot;
    entry* to = target.entries() + to_slot;
    if constexpr (copyable) {
      if (copy && !std::is_trivially_copyable_v<entry>) {
        new (to) entry{from->key, from->value};
        target.occupy(to_slot, hash);
        return;
      }
    }
    if constexpr (relocatable)
      std::memcpy(static_cast<void*>(to), static_cast<const void*>(from),
                  sizeof(entry));
    else
      new (to) entry{std::move(from->key), std::move(from->value)};
    target.occupy(to_slot, hash);
  }

  /// Gives up a segment all of whose entries were transferred, `copied` or
  /// not.
  void drop_transferred(bool copied, segment_pool& pool) noexcept {
    if (copied) {
      release(pool);
      return;
    }
    if constexpr (!relocatable)
      destroy_entries();
    free_block(pool);
  }

private:
  static constexpr std::size_t round_up(std::size_t bytes) noexcept {
    return (bytes + segment_pool::alignment - 1)
           & ~(segment_pool::alignment - 1);
  }

  static constexpr std::size_t tags_offset = segment_pool::alignment;
  static_assert(sizeof(segment_header) <= tags_offset);

  static constexpr std::size_t entries_offset(std::size_t slots) noexcept {
    return round_up(tags_offset + slots + tag_group);
  }

  void destroy_entries() noexcept {
    if constexpr (!std::is_trivially_destructible_v<entry>)
      for_each_slot(
        [this](std::uint32_t slot) { std::destroy_at(entries() + slot); });
  }

  segment_header* header_ = nullptr;
};

} // namespace flow::detail
