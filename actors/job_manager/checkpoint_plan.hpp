#pragma once

#include <optional>
#include <string>

#include "actors/messages/checkpoint_messages.hpp"
#include "libflow/graph/execution_graph.hpp"
#include "libflow/job/failover_regions.hpp"

namespace flow {

[[nodiscard]] inline bool is_source(const job_vertex& vertex) {
  return vertex.head().node.kind == operator_kind::source;
}

/// A source whose coordinator hands its splits out.
[[nodiscard]] bool has_coordinator(const job_vertex& vertex);

/// What fails together in this job.
[[nodiscard]] failover_regions regions_of(const execution_graph& graph);

/// The shape of a job as its checkpoints see it. Tasks are numbered as
/// execution_graph::subtasks() lists them.
[[nodiscard]] checkpoint_plan plan_of(const execution_graph& graph,
                                      const failover_regions& regions,
                                      const std::string& id_text);

/// Whether the job has a sink that shows only what a checkpoint has committed:
/// then it ends with one, also without an interval.
[[nodiscard]] bool commits_at_end(const job_graph& job);

/// The state of the coordinator of a source in what is restored.
[[nodiscard]] std::optional<std::vector<std::byte>>
coordinator_state(const restore_point& from, const job_vertex& vertex);

} // namespace flow
