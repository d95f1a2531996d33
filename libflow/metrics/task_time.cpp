#include "libflow/metrics/task_time.hpp"

#include <algorithm>

namespace flow {

namespace {

constexpr std::int64_t width_ns =
  std::chrono::nanoseconds(task_time::bucket_width).count();

constexpr std::int64_t window_ns =
  std::chrono::nanoseconds(task_time::window).count();

} // namespace

task_time::task_time(time_point now) noexcept : start_(now) {
  publish();
}

void task_time::enter(task_activity next, time_point now) noexcept {
  book_.advance(since_start(now));
  book_.activity = static_cast<std::int64_t>(next);
  publish();
}

time_split task_time::split(time_point now) const noexcept {
  book copy = read();
  copy.advance(since_start(now));
  return copy.sum(copy.since);
}

// Books the time from `since` to `now` on the current activity.
void task_time::book::advance(std::int64_t now) noexcept {
  now = std::max(now, since);
  // Buckets that would be overwritten anyway need not be filled.
  const auto slots = static_cast<std::int64_t>(bucket_count);
  const std::int64_t last = now / width_ns;
  if (last - newest >= slots) {
    newest = last - slots;
    since = std::max(since, (newest + 1) * width_ns);
  }
  const auto column = static_cast<std::size_t>(activity);
  while (newest < last) {
    const std::int64_t end = (newest + 1) * width_ns;
    spent[static_cast<std::size_t>(newest % slots)][column] +=
      std::max<std::int64_t>(end - since, 0);
    since = std::max(since, end);
    ++newest;
    spent[static_cast<std::size_t>(newest % slots)].fill(0);
  }
  spent[static_cast<std::size_t>(newest % slots)][column] += now - since;
  since = now;
}

time_split task_time::book::sum(std::int64_t now) const noexcept {
  const auto slots = static_cast<std::int64_t>(bucket_count);
  // Before the first second is over, the bucket in progress counts as well.
  const bool young = now < window_ns;
  const std::int64_t first = young ? 0 : newest - (slots - 1);
  const std::int64_t end = young ? newest + 1 : newest;
  std::array<std::int64_t, task_activity_count> total{};
  for (std::int64_t i = first; i < end; ++i)
    for (std::size_t k = 0; k < task_activity_count; ++k)
      total[k] += spent[static_cast<std::size_t>(i % slots)][k];
  const std::int64_t all = total[0] + total[1] + total[2];
  if (all == 0)
    total[static_cast<std::size_t>(activity)] = 1;
  const std::int64_t divisor = std::max<std::int64_t>(all, 1);
  const auto scaled = [&](task_activity which) {
    const std::int64_t ns = total[static_cast<std::size_t>(which)];
    return (ns * 1000 + divisor / 2) / divisor;
  };
  return {scaled(task_activity::idle), scaled(task_activity::busy),
          scaled(task_activity::backpressured)};
}

// A sequence lock without fences: every word is stored with release and loaded
// with acquire, so a reader that saw one new word also sees the odd version.
void task_time::publish() noexcept {
  const std::uint64_t version = version_.load(std::memory_order_relaxed);
  version_.store(version + 1, std::memory_order_relaxed);
  std::size_t at = 0;
  const auto put = [&](std::int64_t word) {
    words_[at++].store(word, std::memory_order_release);
  };
  put(book_.since);
  put(book_.newest);
  put(book_.activity);
  for (const auto& bucket : book_.spent)
    for (const std::int64_t ns : bucket)
      put(ns);
  version_.store(version + 2, std::memory_order_release);
}

task_time::book task_time::read() const noexcept {
  for (;;) {
    const std::uint64_t before = version_.load(std::memory_order_acquire);
    std::size_t at = 0;
    const auto take = [&] {
      return words_[at++].load(std::memory_order_acquire);
    };
    book copy;
    copy.since = take();
    copy.newest = take();
    copy.activity = take();
    for (auto& bucket : copy.spent)
      for (std::int64_t& ns : bucket)
        ns = take();
    const std::uint64_t after = version_.load(std::memory_order_relaxed);
    if (before == after && before % 2 == 0)
      return copy;
  }
}

std::int64_t task_time::since_start(time_point now) const noexcept {
  return std::max<std::int64_t>((now - start_).count(), 0);
}

} // namespace flow
