#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "libflow/checkpoint/state_handle.hpp"
#include "libflow/core/error.hpp"
#include "libflow/core/timestamp.hpp"

namespace flow {

/// Where a subtask stood when its part of a checkpoint was taken. Stored; do
/// not renumber.
enum class subtask_stage : std::uint8_t {
  running = 0, ///< has input before it
  ended = 1,   ///< all input processed; the state holds what is to be committed
  finished = 2 ///< had ended and committed before; has no state
};

struct subtask_state {
  subtask_stage stage = subtask_stage::running;
  state_handle state; ///< actors/subtask/FORMAT.md

  friend bool operator==(const subtask_state&, const subtask_state&) = default;
};

/// An operator of a chain as it was when the checkpoint was taken.
struct operator_entry {
  std::uint64_t id = 0;
  std::string uid; ///< empty: the author gave none
  std::string name;
  bool stateful = false;

  friend bool operator==(const operator_entry&,
                         const operator_entry&) = default;
};

/// One vertex of the job: its chain and the state of each subtask.
struct vertex_state {
  std::uint32_t max_parallelism = 1;
  std::vector<operator_entry> operators; ///< head first
  std::vector<subtask_state> subtasks;   ///< by index
  /// State of the coordinator of the head, a source; none: it has no
  /// coordinator.
  std::optional<std::vector<std::byte>> coordinator;

  friend bool operator==(const vertex_state&, const vertex_state&) = default;
};

/// What is written of one checkpoint beside the states themselves. A value.
struct checkpoint_metadata {
  std::uint64_t checkpoint_id = 0;
  std::uint8_t kind = 0; ///< snapshot_kind
  std::string job_id;    ///< 32 hex digits
  std::string job_name;
  std::string hash_id; ///< of the key hash that cut the keyed state
  timestamp triggered = 0;
  std::vector<vertex_state> vertices;

  friend bool operator==(const checkpoint_metadata&,
                         const checkpoint_metadata&) = default;
};

/// Bytes of all states.
[[nodiscard]] std::uint64_t state_bytes(const checkpoint_metadata& of) noexcept;

/// Whether every subtask had ended: there is nothing left to go on with but to
/// commit.
[[nodiscard]] bool all_ended(const checkpoint_metadata& of) noexcept;

/// See FORMAT.md.
[[nodiscard]] std::vector<std::byte> encode(const checkpoint_metadata& from);

/// Trusts nothing in `bytes`. Errors: corrupt_data, or incompatible for another
/// version; the text says what and where, without a path.
[[nodiscard]] expected<checkpoint_metadata>
decode_checkpoint_metadata(std::span<const std::byte> bytes);

} // namespace flow
