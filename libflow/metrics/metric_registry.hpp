#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "libflow/metrics/counter.hpp"
#include "libflow/metrics/gauge.hpp"
#include "libflow/metrics/histogram.hpp"
#include "libflow/metrics/task_metrics.hpp"

namespace flow {

/// One exported name of a subtask or an operator, and what Flink calls it
/// (empty: Flink has no such metric).
struct metric_name {
  std::string_view exported;
  std::string_view flink;
  std::string_view help;
};

/// Sums over all subtasks of a job; what a job reports of itself comes from
/// its sources and sinks, which the runtime marks on registration.
struct job_totals {
  std::uint64_t records_in = 0;  ///< read by sources
  std::uint64_t records_out = 0; ///< written by sinks
  std::uint64_t late_records = 0;
  std::uint64_t skipped_records = 0;
  std::int64_t state_bytes = 0;
  std::int64_t overdraft_bytes = 0;
  timestamp watermark = min_timestamp; ///< lowest of the tasks that have one
  std::map<std::string, std::uint64_t> user_counters{}; ///< by name
};

/// Where a task stands in its job: what a source reads is the job's input.
struct task_role {
  bool source = false;
};

/// All metrics of one process. Owner: the runtime's composition root; it
/// outlives every subtask. There is none of global scope.
/// Asking twice for the same name and labels gives the same object, so that a
/// restarted subtask goes on counting.
/// @thread any; registration and rendering take a lock, counting takes none
class metric_registry {
public:
  using time_point = task_time::time_point;

  std::shared_ptr<task_metrics> task(const metric_labels& labels,
                                     task_role role, time_point now);
  std::shared_ptr<operator_metrics> of_operator(const metric_labels& labels);

  /// Metrics of a job's author, exported as `flow_user_<name>`; characters
  /// that Prometheus does not allow in a name become `_`.
  std::shared_ptr<counter> user_counter(std::string_view name,
                                        const metric_labels& labels);
  std::shared_ptr<gauge> user_gauge(std::string_view name,
                                    const metric_labels& labels);
  std::shared_ptr<histogram> user_histogram(std::string_view name,
                                            const metric_labels& labels);

  /// Forgets a job; its subtasks may go on counting, nobody reads it.
  void remove_job(std::string_view job);

  [[nodiscard]] job_totals totals(std::string_view job) const;

  /// Prometheus text format 0.0.4, names and labels sorted, ended by a line
  /// feed. A watermark that has not begun is left out.
  [[nodiscard]] std::string render_prometheus(time_point now) const;

  /// Everything that is exported of a subtask and of an operator, in the order
  /// of rendering.
  static std::span<const metric_name> task_metric_names();
  static std::span<const metric_name> operator_metric_names();

private:
  struct task_entry {
    task_role role;
    std::shared_ptr<task_metrics> metrics;
  };
  template <class T>
  using user_metrics =
    std::map<std::pair<std::string, metric_labels>, std::shared_ptr<T>>;

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::map<metric_labels, task_entry> tasks_;
  std::map<metric_labels, std::shared_ptr<operator_metrics>> operators_;
  user_metrics<counter> user_counters_;
  user_metrics<gauge> user_gauges_;
  user_metrics<histogram> user_histograms_;
};

/// The registry in which functions find their metrics while this lives: those
/// that are opened in this thread. Scopes nest.
class metrics_scope {
public:
  explicit metrics_scope(metric_registry& registry) noexcept
    : outer_(current_) {
    current_ = &registry;
  }
  metrics_scope(const metrics_scope&) = delete;
  metrics_scope& operator=(const metrics_scope&) = delete;
  ~metrics_scope() { current_ = outer_; }

  /// Null outside of any.
  [[nodiscard]] static metric_registry* current() noexcept { return current_; }

private:
  static constinit inline thread_local metric_registry* current_ = nullptr;
  metric_registry* outer_;
};

} // namespace flow
