#include "libflow/graph/execution_graph.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "libflow/core/assert.hpp"

namespace flow {

namespace {

subtask_range producers_of(const job_graph& job, const job_edge& edge,
                           std::uint32_t consumer) {
  return upstream_subtasks(edge.how, consumer,
                           job.vertex(edge.from).parallelism,
                           job.vertex(edge.to).parallelism);
}

subtask_range consumers_of(const job_graph& job, const job_edge& edge,
                           std::uint32_t producer) {
  return downstream_subtasks(edge.how, producer,
                             job.vertex(edge.from).parallelism,
                             job.vertex(edge.to).parallelism);
}

} // namespace

execution_graph::execution_graph(std::shared_ptr<const job_graph> job)
  : job_(std::move(job)) {
  FLOW_ASSERT(job_ != nullptr, "an execution graph needs a job graph");
  for (const auto& vertex : job_->vertices())
    attempts_.emplace_back(vertex.parallelism, 0u);
}

void execution_graph::check(subtask_id subtask) const {
  FLOW_ASSERT(subtask.index < job_->vertex(subtask.vertex).parallelism,
              "no such subtask");
}

std::vector<subtask_id> execution_graph::subtasks() const {
  std::vector<subtask_id> result;
  for (const auto& vertex : job_->vertices())
    for (std::uint32_t i = 0; i < vertex.parallelism; ++i)
      result.push_back({vertex.id, i});
  return result;
}

std::uint64_t execution_graph::subtask_count() const noexcept {
  std::uint64_t count = 0;
  for (const auto& vertex : job_->vertices())
    count += vertex.parallelism;
  return count;
}

std::uint32_t execution_graph::attempt_of(subtask_id subtask) const {
  check(subtask);
  return attempts_[index_of(subtask.vertex)][subtask.index];
}

std::uint32_t execution_graph::begin_attempt(subtask_id subtask) {
  check(subtask);
  return ++attempts_[index_of(subtask.vertex)][subtask.index];
}

key_group_range execution_graph::key_groups_of(subtask_id subtask) const {
  check(subtask);
  const auto& vertex = job_->vertex(subtask.vertex);
  return range_of(subtask.index, vertex.parallelism, vertex.max_parallelism);
}

std::vector<execution_channel>
execution_graph::inputs_of(subtask_id subtask) const {
  check(subtask);
  std::vector<execution_channel> result;
  for (const auto id : job_->vertex(subtask.vertex).inputs) {
    const auto& edge = job_->edge(id);
    const auto producers = producers_of(*job_, edge, subtask.index);
    for (std::uint32_t c = 0; c < producers.count; ++c) {
      const subtask_id producer{edge.from, producers.first + c};
      const auto consumers = consumers_of(*job_, edge, producer.index);
      result.push_back({id, producer, subtask, subtask.index - consumers.first,
                        static_cast<std::uint32_t>(result.size()), edge.input});
    }
  }
  return result;
}

std::uint32_t execution_graph::gate_offset(subtask_id consumer,
                                           edge_id edge) const {
  std::uint32_t offset = 0;
  for (const auto id : job_->vertex(consumer.vertex).inputs) {
    if (id == edge)
      break;
    offset += producers_of(*job_, job_->edge(id), consumer.index).count;
  }
  return offset;
}

std::vector<execution_channel> execution_graph::outputs_of(subtask_id subtask,
                                                           edge_id id) const {
  check(subtask);
  const auto& edge = job_->edge(id);
  FLOW_ASSERT(edge.from == subtask.vertex,
              "the edge is no output of this vertex");
  std::vector<execution_channel> result;
  const auto consumers = consumers_of(*job_, edge, subtask.index);
  for (std::uint32_t c = 0; c < consumers.count; ++c) {
    const subtask_id consumer{edge.to, consumers.first + c};
    const auto producers = producers_of(*job_, edge, consumer.index);
    const auto number =
      gate_offset(consumer, id) + subtask.index - producers.first;
    result.push_back({id, subtask, consumer, c, number, edge.input});
  }
  return result;
}

std::uint64_t execution_graph::channel_count(edge_id id) const {
  const auto& edge = job_->edge(id);
  std::uint64_t count = 0;
  for (std::uint32_t i = 0; i < job_->vertex(edge.from).parallelism; ++i)
    count += consumers_of(*job_, edge, i).count;
  return count;
}

std::vector<slot_need> execution_graph::slots() const {
  std::map<std::string, std::uint32_t> by_group;
  for (const auto& vertex : job_->vertices()) {
    auto& slots = by_group[vertex.slot_sharing_group];
    slots = std::max(slots, vertex.parallelism);
  }
  std::vector<slot_need> result;
  for (const auto& [group, slots] : by_group)
    result.push_back({group, slots});
  return result;
}

} // namespace flow
