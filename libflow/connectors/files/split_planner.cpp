#include "libflow/connectors/files/split_planner.hpp"

#include <algorithm>

#include "libflow/core/assert.hpp"
#include "libflow/core/bytes.hpp"

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

void split_planner::snapshot(std::vector<std::byte>& to) const {
  byte_writer out{to};
  out.write_int(next_);
  out.write_int(end_);
  out.write_int(piece_);
  out.write_length(returned_.size());
  std::vector<std::byte> encoded;
  for (const auto& progress : returned_)
    encode_split_progress(progress, encoded);
  out.write_raw(encoded);
}

expected<split_planner>
split_planner::restore(std::span<const std::byte> bytes) {
  error damaged{error_code::corrupt_data, "a split planner's state is damaged",
                error_severity::fatal};
  byte_reader in{bytes};
  split_planner result;
  std::size_t count = 0;
  if (!in.read_int(result.next_) || !in.read_int(result.end_)
      || !in.read_int(result.piece_)
      || !in.read_length(count, split_progress_bytes) || result.piece_ == 0
      || result.next_ > result.end_)
    return damaged;
  for (; count > 0; --count) {
    std::span<const std::byte> encoded;
    if (!in.read_raw(split_progress_bytes, encoded))
      return damaged;
    auto progress = decode_split_progress(encoded);
    if (!progress)
      return progress.error();
    result.give_back(*progress);
  }
  if (!in.finished())
    return damaged;
  return result;
}

} // namespace flow
