#include "libflow/state/entry_refs.hpp"

#include <algorithm>

namespace flow::detail {

void sort_by_group(std::vector<entry_ref>& entries) {
  std::ranges::stable_sort(entries, {}, &entry_ref::group);
}

} // namespace flow::detail
