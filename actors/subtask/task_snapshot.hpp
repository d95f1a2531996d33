#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "libflow/core/error.hpp"
#include "libflow/operators/operator.hpp"
#include "libflow/time/watermark_valve.hpp"

namespace flow {

/// The state of one task between two elements: its operators, head first, and
/// the watermarks of its input channels. A value.
struct task_snapshot {
  std::vector<operator_snapshot> operators;
  std::vector<valve_state> valves; ///< one an input

  friend bool operator==(const task_snapshot&, const task_snapshot&) = default;
};

/// What one task starts from.
struct restored_task {
  /// Of each operator, head first: what operator_base::restore is given.
  std::vector<std::vector<operator_snapshot>> operators;
  std::vector<valve_state> valves; ///< fits the task's channels
};

/// As bytes; see FORMAT.md.
[[nodiscard]] byte_string encode(const task_snapshot& snapshot);

/// Trusts nothing in `bytes`. Errors: damaged, or of another version.
[[nodiscard]] expected<task_snapshot>
decode_task_snapshot(std::span<const std::byte> bytes);

/// What subtask `index` of `parallelism` starts from, when `old` are the
/// snapshots of all subtasks of its vertex, by index. At the old parallelism
/// each gets its own; else lists are dealt out evenly, keyed parts go to all
/// (who take their key groups), and every channel starts at the lowest of the
/// old watermarks.
/// @param channels_per_input of the new task
/// Errors: the snapshots are of other chains.
[[nodiscard]] expected<restored_task>
redistributed(std::span<const task_snapshot> old, std::uint32_t index,
              std::uint32_t parallelism,
              std::span<const std::size_t> channels_per_input);

} // namespace flow
