#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace flow {

/// What a subtask does with its time. Exactly one holds at any moment.
enum class task_activity : std::uint8_t {
  idle,          ///< nothing to do: no input, no timer due; input ends it
  busy,          ///< in a step: operators, timers, snapshots; its end ends it
  backpressured, ///< has input but no credit to emit; credit ends it
};

inline constexpr std::size_t task_activity_count = 3;

/// Milliseconds per second spent in each activity; they add up to 1000, up to
/// rounding.
struct time_split {
  std::int64_t idle_ms = 0;
  std::int64_t busy_ms = 0;
  std::int64_t backpressured_ms = 0;
};

/// Books a subtask's time over the last second, in buckets of 100 ms.
/// Memory: 600 bytes. The clock is the caller's (monotonic, any epoch); a time
/// before the last one counts as the last one.
/// @thread enter: the subtask alone; split: any, never delays the subtask
class task_time {
public:
  using time_point = std::chrono::nanoseconds;

  static constexpr std::chrono::milliseconds window{1000};
  static constexpr std::chrono::milliseconds bucket_width{100};

  /// Starts idle.
  explicit task_time(time_point now) noexcept;
  task_time(const task_time&) = delete;
  task_time& operator=(const task_time&) = delete;

  /// From now on the subtask does `next`; entering the same again is cheap and
  /// harmless. Cost: some 40 plain stores, so once per step, not per record.
  void enter(task_activity next, time_point now) noexcept;

  /// Over the ten whole buckets before `now`, or over the subtask's life as
  /// long as that is shorter (then scaled up to a second).
  [[nodiscard]] time_split split(time_point now) const noexcept;

private:
  // One bucket more than the window: the one that is being filled.
  static constexpr std::size_t bucket_count =
    static_cast<std::size_t>(window / bucket_width) + 1;
  static constexpr std::size_t word_count =
    3 + bucket_count * task_activity_count;

  // Times are nanoseconds since `start_`.
  struct book {
    std::int64_t since = 0;  // when `activity` was entered
    std::int64_t newest = 0; // number of the bucket that is being filled
    std::int64_t activity = 0;
    std::array<std::array<std::int64_t, task_activity_count>, bucket_count>
      spent{};

    void advance(std::int64_t now) noexcept;
    [[nodiscard]] time_split sum(std::int64_t now) const noexcept;
  };

  void publish() noexcept;
  [[nodiscard]] book read() const noexcept;
  [[nodiscard]] std::int64_t since_start(time_point now) const noexcept;

  const time_point start_;
  // The subtask's own.
  book book_;
  // A copy for other threads: `version_` is odd while it is being written.
  std::atomic<std::uint64_t> version_{0};
  std::array<std::atomic<std::int64_t>, word_count> words_{};
};

} // namespace flow
