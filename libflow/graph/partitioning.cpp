#include "libflow/graph/partitioning.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "libflow/core/assert.hpp"

namespace flow {

namespace {

// In the order of the enum.
constexpr std::array<std::string_view, 8> names{
  "forward", "hash",      "rebalance", "rescale",
  "shuffle", "broadcast", "global",    "custom"};

/// The share of `part` when `total` is cut into `parts` contiguous groups:
/// the smaller side of a rescale edge looks at the larger one. Rounds the
/// bounds down or up.
subtask_range group_of(std::uint64_t part, std::uint64_t parts,
                       std::uint64_t total, bool round_up) {
  const std::uint64_t extra = round_up ? parts - 1 : 0;
  const auto begin = (part * total + extra) / parts;
  const auto end = ((part + 1) * total + extra) / parts;
  return {static_cast<std::uint32_t>(begin),
          static_cast<std::uint32_t>(end - begin)};
}

/// The group that `member` of the larger side belongs to; the inverse of
/// group_of.
subtask_range group_with(std::uint64_t member, std::uint64_t parts,
                         std::uint64_t total, bool round_up) {
  // begin(part) <= member, for the largest such part.
  const std::uint64_t part =
    round_up ? member * parts / total : ((member + 1) * parts - 1) / total;
  return {static_cast<std::uint32_t>(part), 1};
}

} // namespace

std::string_view to_string(partitioning how) noexcept {
  return names[static_cast<std::size_t>(how)];
}

std::optional<partitioning> partitioning_from(std::string_view name) noexcept {
  const auto* found = std::find(names.begin(), names.end(), name);
  if (found == names.end())
    return std::nullopt;
  return static_cast<partitioning>(found - names.begin());
}

expected<void> check_parallelism(partitioning how, std::uint32_t upstream,
                                 std::uint32_t downstream) {
  if (upstream == 0 || downstream == 0)
    return error{error_code::invalid_job, "a parallelism is at least 1",
                 error_severity::fatal};
  if (how == partitioning::forward && upstream != downstream)
    return error{error_code::invalid_job,
                 "forward needs the same parallelism on both sides, not "
                   + std::to_string(upstream) + " and "
                   + std::to_string(downstream)
                   + "; use rescale or rebalance, or set it to the same",
                 error_severity::fatal};
  return {};
}

subtask_range downstream_subtasks(partitioning how, std::uint32_t subtask,
                                  std::uint32_t upstream,
                                  std::uint32_t downstream) {
  FLOW_ASSERT(subtask < upstream, "no such upstream subtask");
  if (how == partitioning::forward)
    return {subtask, 1};
  if (how != partitioning::rescale)
    return {0, downstream};
  if (upstream >= downstream)
    return group_with(subtask, downstream, upstream, false);
  return group_of(subtask, upstream, downstream, true);
}

subtask_range upstream_subtasks(partitioning how, std::uint32_t subtask,
                                std::uint32_t upstream,
                                std::uint32_t downstream) {
  FLOW_ASSERT(subtask < downstream, "no such downstream subtask");
  if (how == partitioning::forward)
    return {subtask, 1};
  if (how != partitioning::rescale)
    return {0, upstream};
  if (upstream >= downstream)
    return group_of(subtask, downstream, upstream, false);
  return group_with(subtask, upstream, downstream, true);
}

std::vector<subtask_channel> channels_of(partitioning how,
                                         std::uint32_t upstream,
                                         std::uint32_t downstream) {
  std::vector<subtask_channel> channels;
  for (std::uint32_t up = 0; up < upstream; ++up) {
    const auto targets = downstream_subtasks(how, up, upstream, downstream);
    for (std::uint32_t c = 0; c < targets.count; ++c) {
      const std::uint32_t down = targets.first + c;
      const auto sources = upstream_subtasks(how, down, upstream, downstream);
      channels.push_back({up, down, c, up - sources.first});
    }
  }
  return channels;
}

} // namespace flow
