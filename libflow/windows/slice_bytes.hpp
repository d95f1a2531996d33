#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "libflow/core/bytes.hpp"
#include "libflow/core/codec.hpp"
#include "libflow/core/error.hpp"
#include "libflow/core/hash.hpp"
#include "libflow/core/key_group.hpp"
#include "libflow/state/entry_walk.hpp"
#include "libflow/windows/slice_store.hpp"

namespace flow {

/// Slices as bytes, by key groups: FORMAT.md beside this file. Pure functions.

/// What stands before the slices, and has to fit where they are restored.
struct slice_header {
  std::uint32_t max_parallelism = 0;
  std::int64_t size_ms = 0;   ///< of the windows
  std::int64_t slide_ms = 0;  ///< from window to window; tumbling: the size
  std::int64_t offset_ms = 0; ///< of the windows, 0 <= offset < size
  std::string key_schema;
  std::string accumulator_schema;

  friend bool operator==(const slice_header&, const slice_header&) = default;
};

namespace detail {

void write_slice_header(const slice_header& header, timestamp watermark,
                        std::size_t slices, byte_writer& out);

/// Checks the header against what is expected.
expected<void> read_slice_header(byte_reader& in, const slice_header& expect,
                                 timestamp& watermark, std::uint32_t& slices);

/// Reads and checks a window's bounds.
bool read_window(byte_reader& in, time_window& window) noexcept;

/// Entries of one group, still encoded; a group may come in several portions,
/// one behind the other.
struct encoded_group {
  std::uint32_t group = 0;
  std::uint32_t entries = 0;
  std::span<const std::byte> bytes;
};

/// Stands where a slice has no more groups.
inline constexpr std::uint32_t no_group = ~std::uint32_t{0};

/// Reads the next portion of a slice; that behind the last one has `no_group`.
bool read_group(byte_reader& in, std::uint32_t max_parallelism,
                encoded_group& group) noexcept;

[[nodiscard]] error damaged_slices();

template <class Slice>
bool read_entries(const encoded_group& group, std::uint32_t max_parallelism,
                  Slice& slice) {
  typename Slice::table_type::key_type key{};
  byte_reader in{group.bytes};
  for (std::uint32_t i = 0; i < group.entries; ++i) {
    typename Slice::table_type::value_type value{};
    if (!codec<decltype(key)>::decode(in, key)
        || !codec<decltype(value)>::decode(in, value))
      return false;
    const std::uint64_t hash = key_hash(key);
    bool inserted = false;
    if (key_group_of(hash, max_parallelism) != group.group)
      return false;
    slice.table.upsert(hash, key, inserted) = std::move(value);
    if (!inserted)
      return false;
  }
  return in.finished();
}

} // namespace detail

/// All slices of a store as they were: references, no copy.
/// Owner: whoever took it; may outlive the store. Can be written once.
/// @thread one at a time, any; the store's thread may go on meanwhile
template <class K, class V>
class slices_snapshot {
  using walk = detail::entry_walk<K, no_namespace, V>;

public:
  /// @param watermark  that held when they were taken
  template <class Store>
  slices_snapshot(Store& store, slice_header header, timestamp watermark)
    : header_(std::move(header)), watermark_(watermark) {
    store.for_each([this](auto& each) {
      slices_.push_back(
        {each.window, walk{each.table.snapshot(), header_.max_parallelism}});
    });
    // Those at the end are written first, and end then.
    std::reverse(slices_.begin(), slices_.end());
  }

  /// Appends the next piece, about 64 KiB; false once all is written.
  bool write_some(byte_writer& out) {
    if (!begun_) {
      begun_ = true;
      detail::write_slice_header(header_, watermark_, slices_.size(), out);
      return true;
    }
    if (slices_.empty())
      return false;
    const std::size_t begin = out.size(); // others may have written there
    while (!slices_.empty() && out.size() - begin < piece_bytes) {
      part& first = slices_.back();
      if (!std::exchange(first.opened, true)) {
        out.write_int(first.window.start);
        out.write_int(first.window.end);
      } else if (!write_portion(first.entries, out)) {
        out.write_int(detail::no_group);
        slices_.pop_back();
      }
    }
    return true;
  }

private:
  static constexpr std::size_t piece_bytes = std::size_t{64} << 10;

  struct part {
    time_window window;
    walk entries;
    bool opened = false; // its window is written
  };

  static bool write_portion(walk& entries, byte_writer& out) {
    const auto* entry = entries.current();
    if (entry == nullptr)
      return false;
    const std::uint32_t group = entry->group;
    out.write_int(group);
    const std::size_t counts_at = out.size();
    out.write_int(std::uint32_t{0});
    out.write_int(std::uint32_t{0});
    const std::size_t bytes_at = out.size();
    std::uint32_t count = 0;
    for (; entry != nullptr && entry->group == group
           && out.size() - bytes_at < piece_bytes;
         entry = entries.current(), ++count) {
      codec<K>::encode(walk::key_of(*entry), out);
      codec<V>::encode(walk::value_of(*entry), out);
      entries.advance();
    }
    const std::size_t bytes = out.size() - bytes_at;
    FLOW_ASSERT(bytes <= ~std::uint32_t{0},
                "an entry of a window slice holds less than 4 GiB");
    out.patch_u32(counts_at, count);
    out.patch_u32(counts_at + sizeof count, static_cast<std::uint32_t>(bytes));
    return true;
  }

  slice_header header_;
  timestamp watermark_;
  std::vector<part> slices_; // the next to be written last
  bool begun_ = false;
};

/// Puts the slices of one old subtask into a store, as far as their keys
/// belong to `groups`. A slice that `watermark` completes is filed as complete.
/// @return an error if the bytes are damaged or of windows or types that
///         differ; the store may then hold a part of them
template <class K, class Accumulator, class Assigner>
expected<void> read_slices(std::span<const std::byte> bytes,
                           const slice_header& header, const Assigner& assigner,
                           key_group_range groups, timestamp watermark,
                           slice_store<K, Accumulator>& store) {
  byte_reader in{bytes};
  timestamp taken_at = min_timestamp;
  std::uint32_t slices = 0;
  if (auto read = detail::read_slice_header(in, header, taken_at, slices);
      !read)
    return read;
  for (std::uint32_t i = 0; i < slices; ++i) {
    time_window window;
    if (!detail::read_window(in, window)
        || assigner.window_of(window.start) != window)
      return detail::damaged_slices();
    for (;;) {
      detail::encoded_group group;
      if (!detail::read_group(in, header.max_parallelism, group))
        return detail::damaged_slices();
      if (group.group == detail::no_group)
        break;
      if (!groups.contains(group.group))
        continue;
      auto& slice = window.max_timestamp() <= watermark ? store.complete(window)
                                                        : store.open(window);
      if (!detail::read_entries(group, header.max_parallelism, slice))
        return detail::damaged_slices();
    }
  }
  return in.finished() ? expected<void>{} : detail::damaged_slices();
}

/// The watermark of one old subtask.
[[nodiscard]] expected<timestamp>
watermark_of_slices(std::span<const std::byte> bytes,
                    const slice_header& header);

} // namespace flow
