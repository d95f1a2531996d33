#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "libflow/operators/operator.hpp"

namespace flow {

/// What subtask `index` of `parallelism` restores from the snapshots of all
/// old subtasks, in their order: at an unchanged parallelism its own; else
/// everyone's keyed and broadcast parts, of which it skips what is not its
/// own, and its share of the list entries. Of union lists, also at an unchanged
/// parallelism, all. Old subtasks that had nothing are left out.
/// Errors: old subtasks had operator states of one name and several types.
/// @pre index < parallelism
[[nodiscard]] expected<std::vector<operator_snapshot>>
snapshot_parts(std::span<const operator_snapshot* const> old,
               std::uint32_t index, std::uint32_t parallelism);
[[nodiscard]] expected<std::vector<operator_snapshot>>
snapshot_parts(std::span<const operator_snapshot> old, std::uint32_t index,
               std::uint32_t parallelism);

} // namespace flow
