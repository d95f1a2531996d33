#include "libflow/connectors/files/file_coordinator.hpp"

#include "libflow/connectors/files/split_intake.hpp"
#include "libflow/core/assert.hpp"

namespace flow {

expected<void> file_coordinator::open(std::uint32_t parallelism) {
  auto range = find_();
  if (!range)
    return range.error();
  planner_.emplace(range->begin, range->end, parallelism);
  return {};
}

expected<std::optional<byte_string>> file_coordinator::next(std::uint32_t) {
  FLOW_ASSERT(planner_.has_value(), "a split was asked for before open");
  auto split = planner_->next();
  if (!split)
    return std::optional<byte_string>{};
  return std::optional{encoded_split(*split)};
}

void file_coordinator::give_back(std::vector<byte_string> splits) {
  for (const auto& encoded : splits) {
    auto progress = decode_split_progress(encoded);
    FLOW_ASSERT(progress.has_value(), "a reader gave back no split");
    planner_->give_back(*progress);
  }
}

byte_string file_coordinator::snapshot() const {
  byte_string bytes;
  if (planner_)
    planner_->snapshot(bytes);
  return bytes;
}

expected<void> file_coordinator::restore(std::span<const std::byte> bytes) {
  auto planner = split_planner::restore(bytes);
  if (!planner)
    return planner.error();
  planner_ = std::move(*planner);
  return {};
}

} // namespace flow
