#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "libflow/core/key_group.hpp"
#include "libflow/graph/graph_ids.hpp"
#include "libflow/graph/job_graph.hpp"

namespace flow {

/// One parallel instance of a vertex.
struct subtask_id {
  vertex_id vertex{};
  std::uint32_t index = 0; ///< 0 .. parallelism - 1

  friend auto operator<=>(const subtask_id&, const subtask_id&) = default;
};

/// One first-in first-out connection between two subtasks, and the number under
/// which each end knows it.
struct execution_channel {
  edge_id edge{};
  subtask_id producer;
  subtask_id consumer;
  std::uint32_t output_channel = 0; ///< counts within the producer's edge
  std::uint32_t input_channel = 0;  ///< counts within the consumer's gate
  std::uint32_t input = 0;          ///< input of the consumer's head

  friend bool operator==(const execution_channel&,
                         const execution_channel&) = default;
};

/// Slots that the vertices of one slot sharing group take together: a slot
/// holds one subtask of each.
struct slot_need {
  std::string group;
  std::uint32_t slots = 0;

  friend bool operator==(const slot_need&, const slot_need&) = default;
};

/// The third graph: the job graph spread over subtasks. Who is connected is
/// computed from the partitioning and not stored, so it costs nothing but one
/// attempt number a subtask, at any parallelism.
///
/// The gate of a subtask has the channels of all its vertex's input edges, edge
/// after edge in the order of writing, within an edge by the producer's index.
///
/// Owner: the job manager; one thread at a time. The job graph is shared and
/// constant. Ids that are not this graph's assert.
class execution_graph {
public:
  /// @pre job is not null
  explicit execution_graph(std::shared_ptr<const job_graph> job);

  [[nodiscard]] const job_graph& job() const noexcept { return *job_; }
  [[nodiscard]] const std::shared_ptr<const job_graph>&
  shared_job() const noexcept {
    return job_;
  }

  /// All subtasks, by vertex, then by index.
  [[nodiscard]] std::vector<subtask_id> subtasks() const;
  [[nodiscard]] std::uint64_t subtask_count() const noexcept;

  /// How often the subtask has been started again; 0 the first time.
  [[nodiscard]] std::uint32_t attempt_of(subtask_id subtask) const;
  /// Gives the subtask its next attempt and returns that.
  std::uint32_t begin_attempt(subtask_id subtask);

  /// The key groups whose state the subtask owns.
  [[nodiscard]] key_group_range key_groups_of(subtask_id subtask) const;

  /// Channels of the subtask's gate, by input_channel.
  [[nodiscard]] std::vector<execution_channel>
  inputs_of(subtask_id subtask) const;
  /// Channels of one of the output edges of the subtask, by output_channel.
  /// @pre edge is an output of the subtask's vertex
  [[nodiscard]] std::vector<execution_channel> outputs_of(subtask_id subtask,
                                                          edge_id edge) const;
  /// Cost: the larger parallelism of the two sides.
  [[nodiscard]] std::uint64_t channel_count(edge_id edge) const;

  /// By group name. The job needs their sum.
  [[nodiscard]] std::vector<slot_need> slots() const;

private:
  void check(subtask_id subtask) const;
  /// Channels of the consumer's gate before those of `edge`.
  [[nodiscard]] std::uint32_t gate_offset(subtask_id consumer,
                                          edge_id edge) const;

  std::shared_ptr<const job_graph> job_;
  std::vector<std::vector<std::uint32_t>> attempts_; // by vertex, subtask
};

} // namespace flow
