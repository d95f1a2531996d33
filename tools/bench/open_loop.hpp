#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <vector>

namespace flow::bench {

using std::chrono::nanoseconds;

/// Ticks at a fixed rate whether or not anybody keeps up. Does not know what is
/// done at a tick.
class open_loop {
public:
  open_loop(double per_second, std::uint64_t count)
    : period_(1e9 / per_second), count_(count) {}

  void start(nanoseconds at) { start_ = at; }

  /// Calls f(due time, number) for at most `most` ticks that are due.
  template <class F>
  void run(nanoseconds at, std::uint64_t most, F&& f) {
    for (; most > 0 && next_ < count_ && due() <= at; --most, ++next_)
      f(due(), next_);
  }
  [[nodiscard]] bool done() const { return next_ == count_; }
  void stop() { next_ = count_; }
  [[nodiscard]] bool behind(nanoseconds at) const {
    return !done() && due() <= at;
  }

private:
  [[nodiscard]] nanoseconds due() const {
    return start_
           + nanoseconds{
             static_cast<std::int64_t>(static_cast<double>(next_) * period_)};
  }

  double period_; // in ns
  std::uint64_t count_;
  std::uint64_t next_ = 0;
  nanoseconds start_{0};
};

/// Latencies in nanoseconds. @thread any
class samples {
public:
  void add(std::vector<double>&& values) {
    const std::lock_guard guard{mutex_};
    all_.insert(all_.end(), values.begin(), values.end());
  }
  [[nodiscard]] std::vector<double> sorted() && {
    std::sort(all_.begin(), all_.end());
    return std::move(all_);
  }

private:
  std::mutex mutex_;
  std::vector<double> all_; // guarded by mutex_
};

/// How late the ticks of an empty loop are, sorted, in nanoseconds: what timer
/// and scheduler cost at this rate with nothing behind it.
[[nodiscard]] std::vector<double> empty_loop(double per_second,
                                             std::uint64_t count);

/// In microseconds. @pre not empty
[[nodiscard]] double quantile_us(const std::vector<double>& sorted,
                                 double share);

} // namespace flow::bench
