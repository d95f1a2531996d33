#include "libflow/connectors/files/split_intake.hpp"

#include <algorithm>

namespace flow {

expected<void> split_intake::add(std::span<const std::byte> encoded) {
  auto progress = decode_split_progress(encoded);
  if (!progress)
    return progress.error();
  const auto behind = [](const split_progress& a, const split_progress& b) {
    return a.split.begin < b.split.begin;
  };
  waiting_.insert(
    std::upper_bound(waiting_.begin(), waiting_.end(), *progress, behind),
    *progress);
  requested_ = false;
  return {};
}

std::optional<split_progress> split_intake::take() {
  if (waiting_.empty())
    return std::nullopt;
  auto result = waiting_.front();
  waiting_.pop_front();
  return result;
}

poll_result split_intake::wait(source_context& context) {
  if (none_left_)
    return {poll_status::finished, {}};
  if (!requested_) {
    requested_ = true;
    context.request_split();
  }
  return {poll_status::waiting, {}};
}

void split_intake::snapshot(std::vector<byte_string>& to) const {
  for (const auto& progress : waiting_)
    to.push_back(encoded_split(progress));
}

byte_string encoded_split(const split_progress& progress) {
  byte_string bytes;
  encode_split_progress(progress, bytes);
  return bytes;
}

} // namespace flow
