#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "libflow/flow.hpp"
#include "libflow/metrics/histogram.hpp"

namespace nexmark {

/// Microseconds, rounded up to the bound of a bucket of
/// flow::histogram_buckets, and how often they were seen.
using latency_counts = std::map<std::uint64_t, std::uint64_t>;

/// How long rows took to their sink. A row has the time of the event that it
/// comes of, a window's that of the window's last moment; what it took begins
/// when a reader of this process had first read an event of that time or a
/// later one. So what a window waits for its watermark counts.
///
/// Memory: the last 65,536 times that were read; a row that is older counts as
/// if it came of the oldest.
/// @thread any
class latencies {
public:
  using clock = std::chrono::steady_clock;

  /// @param folder  when given, writers are in other processes of this machine
  ///                and leave a file each there
  explicit latencies(std::string folder = {}) : folder_(std::move(folder)) {}

  /// An event of this time has been read now.
  void read(flow::timestamp event_time);

  /// How long a row of this time has taken until `now`; none when it is of no
  /// event's time, as at the end of the stream.
  [[nodiscard]] std::optional<std::chrono::microseconds>
  age(flow::timestamp row_time, clock::time_point now) const;

  /// All that a writer has seen: replaces what it left before, in an attempt
  /// that failed.
  flow::expected<void> set(std::uint32_t writer, const latency_counts& seen);

  [[nodiscard]] flow::histogram_snapshot total() const;

private:
  struct reading {
    flow::timestamp latest = 0; ///< event time so far; grows
    clock::time_point when;
  };

  static constexpr std::size_t kept_readings = std::size_t{1} << 16;

  std::string folder_;
  /// Of readings_, to see without the lock that one is none.
  std::atomic<flow::timestamp> latest_{flow::min_timestamp};
  mutable std::mutex mutex_;
  std::deque<reading> readings_;                // guarded by mutex_
  std::map<std::uint32_t, latency_counts> all_; // guarded by mutex_
};

} // namespace nexmark
