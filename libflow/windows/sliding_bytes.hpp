#pragma once

#include <span>

#include "libflow/windows/slice_bytes.hpp"
#include "libflow/windows/slice_grid.hpp"

namespace flow {

/// Puts the slices of one old subtask into a store, as far as their keys belong
/// to `groups`.
/// @return the end up to which the windows had fired; an error if the bytes are
///         damaged or of windows or types that differ, and then the store may
///         hold a part of them
template <class Store>
expected<timestamp>
read_sliding(std::span<const std::byte> bytes, const slice_header& header,
             const slice_grid& grid, key_group_range groups, Store& store) {
  byte_reader in{bytes};
  timestamp fired = min_timestamp;
  std::uint32_t slices = 0;
  if (auto read = detail::read_slice_header(in, header, fired, slices); !read)
    return read.error();
  for (std::uint32_t i = 0; i < slices; ++i) {
    time_window window;
    if (!detail::read_window(in, window)
        || grid.slice_start(window.start) != window.start
        || saturating_add(window.start, grid.length()) != window.end)
      return detail::damaged_slices();
    for (;;) {
      detail::encoded_group group;
      if (!detail::read_group(in, header.max_parallelism, group))
        return detail::damaged_slices();
      if (group.group == detail::no_group)
        break;
      if (groups.contains(group.group)
          && !detail::read_entries(group, header.max_parallelism,
                                   store.at(window.start)))
        return detail::damaged_slices();
    }
  }
  if (!in.finished())
    return detail::damaged_slices();
  return fired;
}

} // namespace flow
