#pragma once

#include <cstdint>
#include <vector>

namespace flow::detail {

/// An entry of a keyed table that waits to be written, its types erased: what
/// sorts them is compiled once, not once per pair of types.
struct entry_ref {
  std::uint32_t group = 0;     ///< key group
  const void* key = nullptr;   ///< in the table, which must not change
  const void* value = nullptr; ///< likewise
};

/// By rising key group; entries of one group keep their order.
void sort_by_group(std::vector<entry_ref>& entries);

} // namespace flow::detail
