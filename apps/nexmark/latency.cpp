#include "apps/nexmark/latency.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace nexmark {

void latencies::read(flow::timestamp event_time) {
  if (event_time <= latest_.load(std::memory_order_relaxed))
    return; // another reader is ahead
  const std::lock_guard guard{mutex_};
  if (!readings_.empty() && event_time <= readings_.back().latest)
    return;
  latest_.store(event_time, std::memory_order_relaxed);
  readings_.push_back({event_time, clock::now()});
  if (readings_.size() > kept_readings)
    readings_.pop_front();
}

std::optional<std::chrono::microseconds>
latencies::age(flow::timestamp row_time, clock::time_point now) const {
  const std::lock_guard guard{mutex_};
  if (readings_.empty() || row_time == flow::min_timestamp
      || readings_.back().latest < row_time)
    return std::nullopt;
  // Most rows come of what has just been read: from the end in steps that
  // double. `last` is never too early.
  auto first = readings_.begin();
  auto last = readings_.end() - 1;
  std::ptrdiff_t step = 1;
  for (; last - first > step && (last - step)->latest >= row_time; step *= 2)
    last -= step;
  if (last - first > step)
    first = last - step;
  const auto found = std::lower_bound(
    first, last, row_time, [](const reading& each, flow::timestamp time) {
      return each.latest < time;
    });
  return std::max(
    std::chrono::duration_cast<std::chrono::microseconds>(now - found->when),
    std::chrono::microseconds{0});
}

flow::expected<void> latencies::set(std::uint32_t writer,
                                    const latency_counts& seen) {
  if (folder_.empty()) {
    const std::lock_guard guard{mutex_};
    all_[writer] = seen;
    return {};
  }
  std::error_code failed;
  std::filesystem::create_directories(folder_, failed);
  const std::string path = folder_ + "/" + std::to_string(writer);
  std::ofstream file{path};
  for (const auto& [microseconds, count] : seen)
    file << microseconds << ' ' << count << '\n';
  if (!file.flush())
    return flow::error{flow::error_code::io,
                       path + ": the latencies cannot be written"};
  return {};
}

flow::histogram_snapshot latencies::total() const {
  flow::histogram_snapshot result;
  if (folder_.empty()) {
    const std::lock_guard guard{mutex_};
    for (const auto& [writer, seen] : all_)
      for (const auto& [microseconds, count] : seen)
        result.add(microseconds, count);
    return result;
  }
  std::error_code failed;
  for (const auto& each :
       std::filesystem::directory_iterator{folder_, failed}) {
    std::ifstream file{each.path()};
    std::uint64_t microseconds = 0;
    std::uint64_t count = 0;
    while (file >> microseconds >> count)
      result.add(microseconds, count);
  }
  return result;
}

} // namespace nexmark
