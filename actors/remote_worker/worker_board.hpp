#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "actors/messages/worker_messages.hpp"
#include "libflow/metrics/metric_registry.hpp"

namespace flow {

/// What a job's process knows of its workers together: where they listen, and
/// what they have counted. A worker that is replaced goes on counting.
/// Owner: the composition root.
/// @thread any
class worker_board {
public:
  /// Enters a worker, or its replacement.
  /// @return those that are there, which it has to dial
  std::vector<worker_address> enter(const worker_address& fresh);

  /// Its process is gone.
  void leave(std::uint32_t worker);

  void count(std::uint32_t worker, worker_metrics now);

  /// What a process of this worker had used when it ended.
  void used(std::uint32_t worker, double cpu_seconds,
            std::uint64_t peak_rss_bytes);

  [[nodiscard]] job_totals totals() const;

  /// What each worker last said for Prometheus.
  [[nodiscard]] std::vector<std::string> texts() const;

  [[nodiscard]] double cpu_seconds() const;
  /// Sum over the workers that have ended, of replaced ones the largest.
  [[nodiscard]] std::uint64_t peak_rss_bytes() const;

private:
  struct counted {
    worker_metrics now;
    worker_metrics before; ///< of the worker's former processes
  };

  mutable std::mutex mutex_;
  std::map<std::uint32_t, worker_address> present_; // guarded by mutex_
  std::map<std::uint32_t, counted> counts_;         // guarded by mutex_
  double cpu_seconds_ = 0;                          // guarded by mutex_
  std::map<std::uint32_t, std::uint64_t> peaks_;    // guarded by mutex_
};

} // namespace flow
