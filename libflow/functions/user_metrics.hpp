#pragma once

#include <memory>
#include <string_view>

#include "libflow/functions/context.hpp"
#include "libflow/metrics/metric_registry.hpp"

namespace flow {

/// Metrics of a function of the author's, asked for in `open`:
///
///     void open(flow::runtime_context& context) {
///       hits_ = flow::metrics_of(context).counter("cache_hits");
///     }
///     ...
///       hits_->add(1);
///     ...
///     std::shared_ptr<flow::counter> hits_;
///
/// They are exported as `flow_user_<name>` with job, operator and subtask, and
/// go on after a restart of the job in the same process. A counter is what
/// others call an accumulator: its sum over all subtasks stands under
/// `counters` in the summary of the job. Nothing of this is part of a
/// checkpoint; what has to be exact belongs in state.
/// @thread the subtask, in `open` alone
class user_metrics {
public:
  explicit user_metrics(const runtime_context& where)
    : registry_(metrics_scope::current()), labels_{where.job_name(),
                                                   where.operator_name(),
                                                   where.subtask_index()} {}

  [[nodiscard]] std::shared_ptr<flow::counter>
  counter(std::string_view name) const {
    return registry_ != nullptr ? registry_->user_counter(name, labels_)
                                : std::make_shared<flow::counter>();
  }
  [[nodiscard]] std::shared_ptr<flow::gauge>
  gauge(std::string_view name) const {
    return registry_ != nullptr ? registry_->user_gauge(name, labels_)
                                : std::make_shared<flow::gauge>();
  }
  [[nodiscard]] std::shared_ptr<flow::histogram>
  histogram(std::string_view name) const {
    return registry_ != nullptr ? registry_->user_histogram(name, labels_)
                                : std::make_shared<flow::histogram>();
  }

private:
  metric_registry* registry_; // outlives every subtask
  metric_labels labels_;
};

/// Where a function's metrics are kept; where there is no runtime, nowhere.
[[nodiscard]] inline user_metrics metrics_of(const runtime_context& where) {
  return user_metrics{where};
}

} // namespace flow
