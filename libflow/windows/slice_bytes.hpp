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
#include "libflow/state/entry_refs.hpp"
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

/// One group's entries, still encoded.
struct encoded_group {
  std::uint32_t group = 0;
  std::uint32_t entries = 0;
  std::span<const std::byte> bytes;
};

/// Reads a group of a slice; groups rise within one.
bool read_group(byte_reader& in, std::uint32_t max_parallelism,
                encoded_group& group) noexcept;

[[nodiscard]] error damaged_slices();

template <class Slice>
void write_slice(const Slice& slice, std::uint32_t max_parallelism,
                 byte_writer& out) {
  using key_type = typename Slice::table_type::key_type;
  using value_type = typename Slice::table_type::value_type;
  std::vector<detail::entry_ref> entries;
  entries.reserve(slice.table.size());
  slice.table.for_each([&](const key_type& key, const value_type& value) {
    entries.push_back(
      {key_group_of(key_hash(key), max_parallelism), &key, &value});
  });
  detail::sort_by_group(entries);

  out.write_int(slice.window.start);
  out.write_int(slice.window.end);
  const std::size_t groups_at = out.size();
  out.write_int(std::uint32_t{0});
  std::uint32_t groups = 0;
  for (auto first = entries.begin(); first != entries.end(); ++groups) {
    auto last = first;
    while (last != entries.end() && last->group == first->group)
      ++last;
    out.write_int(first->group);
    out.write_length(static_cast<std::size_t>(last - first));
    const std::size_t bytes_at = out.size();
    out.write_int(std::uint32_t{0});
    for (; first != last; ++first) {
      codec<key_type>::encode(*static_cast<const key_type*>(first->key), out);
      codec<value_type>::encode(*static_cast<const value_type*>(first->value),
                                out);
    }
    const std::size_t bytes = out.size() - bytes_at - sizeof(std::uint32_t);
    FLOW_ASSERT(bytes <= ~std::uint32_t{0},
                "one key group of a window slice holds less than 4 GiB");
    out.patch_u32(bytes_at, static_cast<std::uint32_t>(bytes));
  }
  out.patch_u32(groups_at, groups);
}

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

/// Appends all slices of a store and the watermark that held when they were
/// taken.
template <class Store>
void write_slices(const Store& store, const slice_header& header,
                  timestamp watermark, std::vector<std::byte>& bytes) {
  byte_writer out{bytes};
  detail::write_slice_header(header, watermark, store.size(), out);
  store.for_each([&](const auto& slice) {
    detail::write_slice(slice, header.max_parallelism, out);
  });
}

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
    std::uint32_t count = 0;
    if (!detail::read_window(in, window) || !in.read_int(count)
        || assigner.window_of(window.start) != window)
      return detail::damaged_slices();
    for (std::uint32_t k = 0; k < count; ++k) {
      detail::encoded_group group;
      if (!detail::read_group(in, header.max_parallelism, group))
        return detail::damaged_slices();
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
