#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "libflow/core/checkpoint_options.hpp"
#include "libflow/core/limits.hpp"
#include "libflow/graph/execution_graph.hpp"

/// What a subtask is told when it is deployed. Values; any thread.
namespace flow {

/// Which subtask a task is.
struct task_place {
  std::shared_ptr<const execution_graph> graph;
  subtask_id id;
  std::uint32_t attempt = 0;

  [[nodiscard]] const job_vertex& vertex() const {
    return graph->job().vertex(id.vertex);
  }
};

/// Settings of a task.
struct task_settings {
  std::chrono::milliseconds buffer_timeout = limits::buffer_timeout;
  std::chrono::nanoseconds step_budget = limits::step_budget;
  std::chrono::milliseconds watermark_interval{200};
  std::uint64_t watermark_every_rows = 0;
  std::string job_id;
  std::string run; ///< runtime_context::run
  /// Whether its state is kept by checkpoints.
  bool keeps_state = false;
  /// Whether it waits at its end until a checkpoint has committed what it did.
  bool ends_with_checkpoint = false;
  barrier_mode barriers = barrier_mode::exactly_once;
  /// Records per second of this subtask when it is a source; 0 = no limit.
  double source_rate = 0;
};

} // namespace flow
