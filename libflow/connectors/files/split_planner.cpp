#include "libflow/connectors/files/split_planner.hpp"

#include <algorithm>

#include "libflow/core/assert.hpp"

namespace flow {

split_planner::split_planner(std::uint64_t begin, std::uint64_t end,
                             std::uint32_t parallelism)
  : next_(begin), end_(std::max(begin, end)) {
  FLOW_ASSERT(parallelism > 0, "a file is read by at least one reader");
  piece_ = std::clamp((end_ - next_) / (std::uint64_t{4} * parallelism),
                      min_split_bytes, max_split_bytes);
}

split_planner split_planner::with_piece(std::uint64_t begin, std::uint64_t end,
                                        std::uint64_t piece) {
  FLOW_ASSERT(piece > 0, "a piece holds at least one byte");
  split_planner result;
  result.next_ = begin;
  result.end_ = std::max(begin, end);
  result.piece_ = piece;
  return result;
}

std::optional<split_progress> split_planner::next() {
  if (!returned_.empty()) {
    auto result = returned_.front();
    returned_.pop_front();
    return result;
  }
  if (next_ == end_)
    return std::nullopt;
  split_progress result;
  result.split = {next_, next_ + std::min(piece_, end_ - next_)};
  result.offset = next_;
  next_ = result.split.end;
  return result;
}

void split_planner::give_back(const split_progress& progress) {
  auto behind = [](const split_progress& a, const split_progress& b) {
    return a.split.begin < b.split.begin;
  };
  returned_.insert(
    std::upper_bound(returned_.begin(), returned_.end(), progress, behind),
    progress);
}

bool split_planner::empty() const noexcept {
  return returned_.empty() && next_ == end_;
}

void split_planner::snapshot(std::string& to) const {
  // The rest of the file and the size of a piece in the shape of a progress,
  // so that the layout is described in one place.
  encode_split_progress({{next_, end_}, next_, piece_, false}, to);
  for (const auto& progress : returned_)
    encode_split_progress(progress, to);
}

expected<split_planner> split_planner::restore(std::string_view bytes) {
  auto rest = decode_split_progress(bytes);
  if (!rest)
    return rest.error();
  if (rest->lines == 0)
    return error{error_code::corrupt_data, "a split planner's state is damaged",
                 error_severity::fatal};
  auto result = with_piece(rest->split.begin, rest->split.end, rest->lines);
  while (!bytes.empty()) {
    auto progress = decode_split_progress(bytes);
    if (!progress)
      return progress.error();
    result.give_back(*progress);
  }
  return result;
}

} // namespace flow
