#pragma once

#include <string>
#include <string_view>

#include "libflow/core/error.hpp"
#include "libflow/graph/execution_graph.hpp"
#include "libflow/graph/guarantee.hpp"

namespace flow {

/// Formats of --explain.
enum class graph_format {
  text, ///< for people
  json, ///< for programs, keys below
  dot,  ///< for Graphviz
};

/// The format of that name, or an error that lists the names.
expected<graph_format> graph_format_from(std::string_view name);

/// Prints the graph that is deployed; ends with a line end. Pure: equal graphs
/// give equal bytes. Any thread.
///
/// JSON is one object, keys in this order; they are API and only ever added to:
/// - job, hash (16 hexadecimal digits), subtasks, slots (their sum)
/// - guarantee: level, limited_by (null for exactly-once), reason,
///   sources: [{name, after_failure}]
/// - slot_sharing_groups: [{name, slots}]
/// - vertices: [{id, name, parallelism, max_parallelism, slot_sharing_group,
///   operators: [{id, name, kind, uid (or null), chained_to (index of the
///   operator above in this list, null for the head), side_output (of that
///   link, or null), inputs: [types], output (type, null for a sink), stateful,
///   bounded (of sources, else null), notes: {key: value}}]}]
/// - edges: [{id, from, from_operator, to, input, partitioning, type,
///   side_output (or null), wait_for, channels, not_chained_because}]
[[nodiscard]] std::string explain(const execution_graph& graph,
                                  checkpoint_mode checkpoints,
                                  graph_format format);

} // namespace flow
