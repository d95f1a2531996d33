#include "libflow/operators/snapshot_parts.hpp"

#include <algorithm>
#include <utility>

#include "libflow/state/redistribute.hpp"

namespace flow {

namespace {

using snapshots = std::span<const operator_snapshot* const>;

std::vector<byte_string> list_of(snapshots old, std::uint32_t index,
                                 std::uint32_t parallelism) {
  if (old.size() == parallelism)
    return old[index]->list;
  std::vector<std::vector<byte_string>> lists;
  for (const operator_snapshot* from : old)
    lists.push_back(from->list);
  return std::move(redistribute(std::move(lists), parallelism)[index]);
}

expected<std::vector<operator_state_part>>
states_of(snapshots old, std::uint32_t index, std::uint32_t parallelism) {
  std::vector<std::vector<operator_state_part>> states;
  for (const operator_snapshot* from : old)
    states.push_back(from->states);
  auto dealt = redistribute_states(states, parallelism);
  if (!dealt)
    return dealt.error();
  return std::move((*dealt)[index]);
}

} // namespace

expected<std::vector<operator_snapshot>>
snapshot_parts(snapshots old, std::uint32_t index, std::uint32_t parallelism) {
  std::vector<operator_snapshot> parts;
  for (std::size_t i = 0; i < old.size(); ++i)
    if (old.size() != parallelism || i == index)
      parts.push_back({old[i]->keyed, {}, old[i]->broadcast});
  // A subtask that had ended before has no state and nothing to say.
  std::erase_if(parts, [](const operator_snapshot& each) {
    return each == operator_snapshot{};
  });
  auto list = list_of(old, index, parallelism);
  auto states = states_of(old, index, parallelism);
  if (!states)
    return states.error();
  if (parts.empty() && (!list.empty() || !states->empty()))
    parts.emplace_back();
  if (!parts.empty()) {
    parts.front().list = std::move(list);
    parts.front().states = std::move(*states);
  }
  return parts;
}

expected<std::vector<operator_snapshot>>
snapshot_parts(std::span<const operator_snapshot> old, std::uint32_t index,
               std::uint32_t parallelism) {
  std::vector<const operator_snapshot*> each;
  for (const operator_snapshot& from : old)
    each.push_back(&from);
  return snapshot_parts(snapshots{each}, index, parallelism);
}

} // namespace flow
