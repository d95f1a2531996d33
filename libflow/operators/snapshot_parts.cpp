#include "libflow/operators/snapshot_parts.hpp"

#include <utility>

#include "libflow/state/redistribute.hpp"

namespace flow {

std::vector<operator_snapshot>
snapshot_parts(std::span<const operator_snapshot> old, std::uint32_t index,
               std::uint32_t parallelism) {
  if (old.size() == parallelism)
    return {old[index]};
  std::vector<operator_snapshot> parts;
  std::vector<std::vector<byte_string>> lists;
  for (const operator_snapshot& from : old) {
    parts.push_back({from.keyed, {}, from.broadcast});
    lists.push_back(from.list);
  }
  if (!parts.empty())
    parts.front().list = redistribute(std::move(lists), parallelism)[index];
  return parts;
}

} // namespace flow
