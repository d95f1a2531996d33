#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "libflow/core/error.hpp"
#include "libflow/operators/operator_snapshot.hpp"
#include "libflow/time/watermark_valve.hpp"

namespace flow {

/// The state of one task between two elements as it was taken: by reference
/// where it is large. Movable; may outlive the task.
struct task_capture {
  std::vector<std::uint64_t> ids; ///< of the operators, head first
  std::vector<operator_capture> operators;
  std::vector<valve_state> valves; ///< one an input
};

/// Turns a capture into bytes, piece by piece; see FORMAT.md.
/// Owner: whoever writes the snapshot. @thread one at a time, any
class task_capture_writer {
public:
  explicit task_capture_writer(task_capture capture);

  /// Appends the next piece; false, and nothing appended, once all is written.
  bool write_some(byte_string& out);

  /// crc32c of all that was written so far.
  [[nodiscard]] std::uint32_t checksum() const noexcept { return checksum_; }

  /// Does the operators' blocking work, in their order; the first error ends
  /// it.
  [[nodiscard]] expected<void> work();

private:
  bool write_keyed(byte_string& out);
  void write_footer(byte_string& out);

  task_capture capture_;
  std::vector<std::uint64_t> keyed_bytes_; // of each operator, so far
  std::size_t next_ = 0;                   // operator whose keyed part is due
  std::uint32_t checksum_ = 0;
  bool done_ = false;
};

/// The state of one task, read.
struct task_snapshot {
  std::vector<std::uint64_t> ids; ///< of the operators, head first
  std::vector<operator_snapshot> operators;
  std::vector<valve_state> valves; ///< one an input

  friend bool operator==(const task_snapshot&, const task_snapshot&) = default;
};

/// Whether any operator of a capture or of a snapshot has a union list.
template <class Task>
[[nodiscard]] bool holds_union_list(const Task& of) {
  return std::ranges::any_of(of.operators, [](const auto& each) {
    return std::ranges::any_of(each.states, [](const auto& state) {
      return state.kind == state_format::state_kind::union_list;
    });
  });
}

/// Writes a capture at once; does not do its work.
[[nodiscard]] byte_string encode(task_capture capture);

/// Trusts nothing in `bytes`. Errors: damaged, or of another version.
[[nodiscard]] expected<task_snapshot>
decode_task_snapshot(std::span<const std::byte> bytes);

/// A vertex of a checkpoint: the states of its subtasks, by index. Those that
/// the task at hand has no use for may be empty.
using old_vertex = std::vector<task_snapshot>;

/// What one task starts from.
struct restored_task {
  /// Of each operator, head first: what operator_base::restore is given; none:
  /// the checkpoint does not know it, it is not restored.
  std::vector<std::optional<std::vector<operator_snapshot>>> operators;
  /// Fits the task's channels; empty: the watermarks begin anew.
  std::vector<valve_state> valves;
  /// All input was processed before: commit, pass the end on, do nothing else.
  bool ended = false;
};

/// What subtask `index` of `parallelism` starts from. Operators find their
/// state by their ids, in whatever vertex it is; one without any starts from
/// nothing. What each gets of the old subtasks' state says snapshot_parts(); at
/// another parallelism every channel starts at the lowest of the old
/// watermarks. Errors: those of snapshot_parts().
/// @param channels_per_input of the new task
[[nodiscard]] expected<restored_task>
redistributed(std::span<const old_vertex> old,
              std::span<const std::uint64_t> operators, std::uint32_t index,
              std::uint32_t parallelism,
              std::span<const std::size_t> channels_per_input);

} // namespace flow
