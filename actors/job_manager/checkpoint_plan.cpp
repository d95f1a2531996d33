#include "actors/job_manager/checkpoint_plan.hpp"

#include <algorithm>

#include "libflow/api/node_code.hpp"
#include "libflow/core/hash.hpp"

namespace flow {

namespace {

vertex_state shape_of(const job_vertex& vertex) {
  vertex_state result;
  result.max_parallelism = vertex.max_parallelism;
  for (const auto& each : vertex.operators)
    result.operators.push_back({static_cast<std::uint64_t>(each.id),
                                each.node.uid.value_or(""), each.name,
                                each.node.stateful});
  return result;
}

} // namespace

bool has_coordinator(const job_vertex& vertex) {
  return is_source(vertex)
         && code_of(vertex.head()).make_coordinator() != nullptr;
}

failover_regions regions_of(const execution_graph& graph) {
  std::vector<vertex_id> undivided;
  for (const auto& vertex : graph.job().vertices())
    if (has_coordinator(vertex))
      undivided.push_back(vertex.id);
  return {graph, undivided};
}

checkpoint_plan plan_of(const execution_graph& graph,
                        const failover_regions& regions,
                        const std::string& id_text) {
  const job_graph& job = graph.job();
  checkpoint_plan plan;
  plan.job_id = id_text;
  plan.job_name = job.options().job_name;
  plan.hash_id = hash_id;
  for (const auto& vertex : job.vertices()) {
    plan.vertices.push_back(shape_of(vertex));
    if (has_coordinator(vertex))
      plan.coordinators.push_back(index_of(vertex.id));
  }
  const auto subtasks = graph.subtasks();
  for (const subtask_id id : subtasks) {
    checkpoint_plan::task task;
    task.vertex = index_of(id.vertex);
    task.index = id.index;
    task.region =
      regions.of_task(static_cast<std::uint32_t>(plan.tasks.size()));
    for (const auto& channel : graph.inputs_of(id)) {
      const auto found = std::ranges::lower_bound(subtasks, channel.producer);
      task.producers.push_back(
        static_cast<std::uint32_t>(found - subtasks.begin()));
    }
    plan.tasks.push_back(std::move(task));
  }
  return plan;
}

bool commits_at_end(const job_graph& job) {
  return std::ranges::any_of(job.vertices(), [](const job_vertex& vertex) {
    return std::ranges::any_of(vertex.operators, [](const job_operator& each) {
      return each.node.kind == operator_kind::sink
             && each.node.guarantee.level == delivery_guarantee::exactly_once;
    });
  });
}

std::optional<std::vector<std::byte>>
coordinator_state(const restore_point& from, const job_vertex& vertex) {
  if (!from.from)
    return std::nullopt;
  const auto id = static_cast<std::uint64_t>(vertex.head().id);
  for (const auto& old : from.from->metadata->vertices)
    if (!old.operators.empty() && old.operators.front().id == id)
      return old.coordinator;
  return std::nullopt;
}

} // namespace flow
