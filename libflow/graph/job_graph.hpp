#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libflow/core/error.hpp"
#include "libflow/graph/graph_ids.hpp"
#include "libflow/graph/stream_graph.hpp"

namespace flow {

/// The second graph: operators chained into vertices, every default resolved.
/// Built once, then constant; what --explain prints and what is deployed are
/// this object. Owner: shared by whoever runs the job; any thread may read.

struct job_operator {
  operator_id id{};
  std::string name; ///< the author's, made unique in the job
  stream_node node; ///< as written
};

/// An edge inside a chain: a call, no exchange.
struct chained_edge {
  std::size_t from = 0; ///< index in job_vertex::operators
  std::size_t to = 0;   ///< above `from`; every operator but the head is the
                        ///< `to` of one such edge
  std::optional<std::string> side_output;
  std::shared_ptr<const edge_code> code;
};

struct job_vertex {
  vertex_id id{};
  /// "a -> b -> c"; where an operator has several chained to it
  /// "a -> (b, c -> d)".
  std::string name;
  std::uint32_t parallelism = 1;
  std::uint32_t max_parallelism = 1;
  std::string slot_sharing_group;
  std::vector<job_operator> operators; ///< head first, upper before lower
  std::vector<chained_edge> chained;
  std::vector<edge_id> inputs;  ///< all into the head, in the order of writing
  std::vector<edge_id> outputs; ///< in the order of writing

  [[nodiscard]] const job_operator& head() const { return operators.front(); }
};

struct job_edge {
  edge_id id{};
  vertex_id from{};
  vertex_id to{};
  std::size_t from_operator = 0; ///< index in the operators of `from`
  std::uint32_t input = 0;       ///< input of the head of `to`
  partitioning how = partitioning::forward;
  std::string type;
  std::optional<std::string> side_output;
  bool wait_for = false;
  std::string why_not_chained; ///< one clause, never empty
  std::shared_ptr<const edge_code> code;
};

class job_graph {
public:
  [[nodiscard]] const graph_options& options() const noexcept {
    return options_;
  }
  /// In topological order: an edge goes from a smaller id to a larger one.
  [[nodiscard]] const std::vector<job_vertex>& vertices() const noexcept {
    return vertices_;
  }
  [[nodiscard]] const std::vector<job_edge>& edges() const noexcept {
    return edges_;
  }
  /// @pre the id is one of this graph's
  [[nodiscard]] const job_vertex& vertex(vertex_id id) const;
  [[nodiscard]] const job_edge& edge(edge_id id) const;

  /// Everything that must be equal wherever the program builds this graph, one
  /// fact a line: options, operators with ids, types and parallelism, edges.
  [[nodiscard]] std::vector<std::string> facts() const;
  /// Over facts(); equal in every build and on every machine.
  [[nodiscard]] std::uint64_t hash() const;

private:
  friend expected<job_graph> build_job_graph(const stream_graph& graph);
  friend job_graph
  with_max_parallelism(job_graph graph,
                       const std::map<vertex_id, std::uint32_t>& wanted);

  graph_options options_;
  std::vector<job_vertex> vertices_;
  std::vector<job_edge> edges_;
};

/// Validates, chains and resolves. Errors: those of validate(), and two
/// operators whose ids are the same by chance of the hash.
///
/// An operator's id is the hash of its uid. Without a uid it is the hash of its
/// place: its kind and name, and for each input the id of the operator above;
/// of several with the same place the n-th by order of writing. So operators
/// with uids keep their ids however the rest changes.
[[nodiscard]] expected<job_graph> build_job_graph(const stream_graph& graph);

/// The graph with another max parallelism of some vertices: the one that
/// restored state was cut by.
/// @pre none is below the vertex's parallelism
[[nodiscard]] job_graph
with_max_parallelism(job_graph graph,
                     const std::map<vertex_id, std::uint32_t>& wanted);

/// The first fact in which two graphs differ, as one sentence for an error;
/// none if they are equal. `planned` is what was submitted, `built` what this
/// process has.
[[nodiscard]] std::optional<std::string>
first_difference(const std::vector<std::string>& planned,
                 const std::vector<std::string>& built);

/// The id of the operator that has this uid.
[[nodiscard]] operator_id operator_id_of(std::string_view uid);

} // namespace flow
