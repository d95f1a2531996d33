#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "libflow/core/timestamp.hpp"
#include "libflow/metrics/counter.hpp"
#include "libflow/metrics/gauge.hpp"
#include "libflow/metrics/task_time.hpp"

namespace flow {

/// Whom a metric is about. `name` is the operator's, or that of the whole
/// chain for a task. Written into every exported line.
struct metric_labels {
  std::string job;
  std::string name;
  std::uint32_t subtask = 0;

  friend auto operator<=>(const metric_labels&, const metric_labels&) = default;
};

/// Of one operator in one subtask. Owner: shared by the registry and the
/// subtask; it lives as long as either.
/// @thread written by the subtask alone, read by any
struct operator_metrics {
  counter records_in;
  counter records_out;
  counter late_records;    ///< behind the watermark: dropped or to the late
                           ///< output
  counter skipped_records; ///< malformed, left out by the author's choice
  gauge watermark{min_timestamp}; ///< event time; min_timestamp: none yet
  gauge state_bytes;
};

/// Of one subtask (a chain of operators). As operator_metrics.
struct task_metrics {
  explicit task_metrics(task_time::time_point now) noexcept : time(now) {}

  counter records_in;  ///< of the chain's head; of a source: records read
  counter records_out; ///< that left the chain: sent on, on every channel that
                       ///< got them, or written by its sinks
  counter records_written; ///< of these, by its sinks
  counter bytes_in;        ///< of records, with timestamps and key hashes
  counter bytes_out;
  counter bytes_out_remote; ///< of these, to other processes
  counter batches_in;
  counter batches_out;
  counter late_records;
  counter skipped_records;
  gauge watermark{min_timestamp};       ///< minimum over the inputs
  gauge watermark_drift{min_timestamp}; ///< ms above the slowest source that it
                                        ///< is aligned with; min_timestamp: not
  gauge state_bytes;
  gauge overdraft_bytes; ///< emitted without credit, waiting for it
  task_time time;
};

} // namespace flow
