#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "libflow/core/error.hpp"

namespace flow {

/// How records of one operator's subtasks find a subtask of the next.
enum class partitioning : std::uint8_t {
  forward,   ///< subtask i to subtask i; same parallelism on both sides
  hash,      ///< by the key group of the record's key
  rebalance, ///< round robin over all
  rescale,   ///< round robin over a group of neighbours
  shuffle,   ///< at random over all
  broadcast, ///< every record to all
  global,    ///< all records to subtask 0
  custom,    ///< by a function of the job author's
};

/// Name as in the API and in printed graphs.
[[nodiscard]] std::string_view to_string(partitioning how) noexcept;

/// The partitioning of that name.
[[nodiscard]] std::optional<partitioning>
partitioning_from(std::string_view name) noexcept;

/// True when a subtask is connected with some of the other side's subtasks
/// only: forward and rescale.
[[nodiscard]] constexpr bool is_pointwise(partitioning how) noexcept {
  return how == partitioning::forward || how == partitioning::rescale;
}

/// Subtasks first .. first + count - 1 of one side.
struct subtask_range {
  std::uint32_t first = 0;
  std::uint32_t count = 0;

  [[nodiscard]] constexpr bool contains(std::uint32_t subtask) const noexcept {
    return subtask >= first && subtask - first < count;
  }
  friend bool operator==(const subtask_range&, const subtask_range&) = default;
};

/// Whether an edge may have these parallelisms: both at least 1, and equal
/// with forward.
[[nodiscard]] expected<void> check_parallelism(partitioning how,
                                               std::uint32_t upstream,
                                               std::uint32_t downstream);

/// The downstream subtasks that `subtask` of the upstream side sends to, never
/// none. Its output channel c leads to subtask first + c.
///
/// Rescale cuts the larger side into contiguous groups that differ by at most
/// one in size, one group a subtask of the smaller side.
/// @pre check_parallelism() holds, subtask < upstream
[[nodiscard]] subtask_range downstream_subtasks(partitioning how,
                                                std::uint32_t subtask,
                                                std::uint32_t upstream,
                                                std::uint32_t downstream);

/// The upstream subtasks that send to `subtask` of the downstream side, never
/// none. Its input channel c comes from subtask first + c.
/// @pre check_parallelism() holds, subtask < downstream
[[nodiscard]] subtask_range upstream_subtasks(partitioning how,
                                              std::uint32_t subtask,
                                              std::uint32_t upstream,
                                              std::uint32_t downstream);

/// One channel of an edge: who is connected and under which number each side
/// knows it.
struct subtask_channel {
  std::uint32_t upstream = 0;       ///< sending subtask
  std::uint32_t downstream = 0;     ///< receiving subtask
  std::uint32_t output_channel = 0; ///< the sender's number for it
  std::uint32_t input_channel = 0;  ///< the receiver's number for it

  friend bool operator==(const subtask_channel&,
                         const subtask_channel&) = default;
};

/// All channels of an edge, by upstream subtask, then by downstream subtask.
/// @pre check_parallelism() holds
[[nodiscard]] std::vector<subtask_channel>
channels_of(partitioning how, std::uint32_t upstream, std::uint32_t downstream);

} // namespace flow
