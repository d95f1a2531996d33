#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "libflow/core/assert.hpp"
#include "libflow/core/key_group.hpp"
#include "libflow/state/segment.hpp"
#include "libflow/state/segment_pool.hpp"

namespace flow::detail {

/// A word of the directory: the address of a segment and, in the bits that
/// its alignment leaves free, the binary logarithm of its slots and whether a
/// snapshot took it, so that neither a search nor a write beside a snapshot
/// touches the header of a segment that is the table's own.
template <class Key, class Value>
class directory_place {
public:
  using segment_type = detail::segment<Key, Value>;
  using entry = typename segment_type::entry;

  explicit directory_place(std::uintptr_t word) noexcept : word_(word) {}
  explicit directory_place(segment_type one) noexcept
    : word_(reinterpret_cast<std::uintptr_t>(&one.header())
            | static_cast<std::uintptr_t>(std::countr_zero(one.slots()))) {}

  [[nodiscard]] std::uintptr_t word() const noexcept { return word_; }
  [[nodiscard]] std::size_t slots() const noexcept {
    return std::size_t{1} << (word_ & log_mask);
  }
  /// False: no snapshot has taken this segment. Stays true when the snapshot
  /// has ended; the segment's references decide.
  [[nodiscard]] bool maybe_shared() const noexcept {
    return (word_ & shared_bit) != 0;
  }
  [[nodiscard]] directory_place as_shared() const noexcept {
    return directory_place{word_ | shared_bit};
  }
  [[nodiscard]] std::uint32_t mask() const noexcept {
    return static_cast<std::uint32_t>(slots() - 1);
  }
  [[nodiscard]] segment_type segment() const noexcept {
    return segment_type{header()};
  }
  [[nodiscard]] std::uint8_t* tags() const noexcept { return segment().tags(); }
  [[nodiscard]] entry* entries() const noexcept {
    return segment_type::entries_at(header(), slots());
  }

  /// The entry of a key in this segment, or nullptr.
  template <class Lookup>
  [[nodiscard]] entry* find(std::uint64_t hash,
                            const Lookup& key) const noexcept {
    const std::uint32_t mask = this->mask();
    const std::uint8_t* tags = this->tags();
    entry* entries = this->entries();
    const std::uint8_t tag = tag_of(hash);
    auto slot = static_cast<std::uint32_t>(hash) & mask;
    for (;;) {
      const auto group = load_tags(tags + slot);
      for (auto match = match_tag(group, tag); match != 0; match &= match - 1) {
        entry* candidate =
          entries
          + ((slot + static_cast<std::uint32_t>(std::countr_zero(match)))
             & mask);
        if (candidate->key == key) [[likely]]
          return candidate;
      }
      if (match_tag(group, tag_empty) != 0) [[likely]]
        return nullptr;
      slot = (slot + tag_group) & mask;
    }
  }

private:
  static constexpr std::uintptr_t shared_bit = segment_pool::alignment / 2;
  static constexpr std::uintptr_t log_mask = shared_bit - 1;
  static_assert(log_mask >= 31, "slots are less than 2^32");

  [[nodiscard]] segment_header* header() const noexcept {
    return reinterpret_cast<segment_header*>(word_ & ~(shared_bit | log_mask));
  }

  std::uintptr_t word_;
};

/// Which segment holds the keys of a hash: 2^depth places, found by the top
/// bits of the hash as counted within the owned range. A segment whose keys
/// share fewer bits fills a run of places whose length is a power of two.
///
/// Owner: a segmented_table, which also counts the segments' references; a
/// directory has segments only between fill() and the table's end of them.
/// An index is that of a place.
template <class Key, class Value>
class table_directory {
public:
  using place = directory_place<Key, Value>;
  using segment_type = detail::segment<Key, Value>;

  /// @param owned  hashes of the keys that will come
  /// @post no place: fill() follows
  explicit table_directory(hash_range owned)
    : begin_(owned.first), normalise_(static_cast<std::uint32_t>(
                             std::countl_zero(owned.last - owned.first))),
      used_share_(((owned.last - owned.first) << normalise_ >> 32) + 1) {
    FLOW_ASSERT(owned.first < owned.last, "a directory has a range of hashes");
  }

  /// 2^depth places, at least two, all of one segment.
  void fill(std::uint32_t depth, segment_type one) {
    depth_ = std::clamp(depth, 1u, max_segment_depth);
    places_.assign(std::size_t{1} << depth_, place{one}.word());
    places_changed();
  }

  [[nodiscard]] std::size_t index_of(std::uint64_t hash) const noexcept {
    return normalised(hash) >> shift_;
  }
  [[nodiscard]] place at(std::size_t index) const noexcept {
    return place{data_[index]};
  }
  /// The place of a hash.
  [[nodiscard]] place of(std::uint64_t hash) const noexcept {
    return at(index_of(hash));
  }
  [[nodiscard]] segment_type segment_at(std::size_t index) const noexcept {
    return at(index).segment();
  }

  [[nodiscard]] std::size_t size() const noexcept { return places_.size(); }
  [[nodiscard]] std::uint32_t depth() const noexcept { return depth_; }
  [[nodiscard]] std::size_t bytes() const noexcept {
    return places_.capacity() * sizeof(std::uintptr_t);
  }

  /// The first place behind the segment that begins at `index`.
  [[nodiscard]] std::size_t next_segment(std::size_t index) const noexcept {
    return index + run_length(segment_at(index).header().depth);
  }

  /// The hashes that lead to places first .. next - 1.
  [[nodiscard]] hash_range hashes_of_places(std::size_t first,
                                            std::size_t next) const noexcept {
    // Behind the last place the shift gives 0, and one less all bits.
    const std::uint64_t end = next << shift_;
    return {begin_ + ((first << shift_) >> normalise_),
            begin_ + ((end - 1) >> normalise_)};
  }
  [[nodiscard]] std::uint64_t first_hash() const noexcept { return begin_; }

  /// Puts a segment in the stead of one of the same depth.
  void set(std::size_t index, segment_type one) {
    const std::size_t length = run_length(one.header().depth);
    set_run(index & ~(length - 1), length, place{one});
  }
  /// Notes that a snapshot has taken the segment that begins at `index`.
  void mark_shared(std::size_t index) {
    set_run(index, run_length(segment_at(index).header().depth),
            at(index).as_shared());
  }

  /// Whether a key of a segment of `depth` goes to the upper half.
  [[nodiscard]] bool in_upper_half(std::uint64_t hash,
                                   std::uint32_t depth) const noexcept {
    return (normalised(hash) & (std::uint64_t{1} << (63 - depth))) != 0;
  }

  /// Puts two segments in the stead of one of depth `depth`.
  /// @pre depth < depth()
  void set_halves(std::size_t index, std::uint32_t depth,
                  std::pair<segment_type, segment_type> halves) {
    const std::size_t length = run_length(depth);
    const std::size_t first = index & ~(length - 1);
    set_run(first, length / 2, place{halves.first});
    set_run(first + length / 2, length / 2, place{halves.second});
  }

  /// Twice the places; what was at i is at 2 i and 2 i + 1.
  void double_places() {
    std::vector<std::uintptr_t> doubled(places_.size() * 2);
    for (std::size_t i = 0; i < places_.size(); ++i)
      doubled[2 * i] = doubled[2 * i + 1] = places_[i];
    places_.swap(doubled);
    ++depth_;
    places_changed();
  }

  /// Depth at which so many segments, of hashes spread evenly, have a place
  /// each.
  [[nodiscard]] std::uint32_t depth_for(std::size_t segments) const noexcept {
    // The owned range fills more than half of the directory; the rest of its
    // places leads nowhere.
    const std::size_t places = (segments << 32) / used_share_;
    return static_cast<std::uint32_t>(std::bit_width(places * 3 / 4));
  }

private:
  [[nodiscard]] std::uint64_t normalised(std::uint64_t hash) const noexcept {
    return (hash - begin_) << normalise_;
  }

  [[nodiscard]] std::size_t run_length(std::uint32_t depth) const noexcept {
    return std::size_t{1} << (depth_ - depth);
  }

  void set_run(std::size_t first, std::size_t length, place to) {
    std::fill_n(places_.begin() + static_cast<std::ptrdiff_t>(first), length,
                to.word());
  }

  void places_changed() noexcept {
    data_ = places_.data();
    shift_ = 64 - depth_;
  }

  // What a search reads comes first.
  const std::uintptr_t* data_ = nullptr;
  std::uint64_t begin_;
  std::uint32_t normalise_;
  std::uint32_t shift_ = 63;
  std::vector<std::uintptr_t> places_;
  std::uint32_t depth_ = 1;
  std::uint64_t used_share_; // of the places, in 2^-32
};

} // namespace flow::detail
