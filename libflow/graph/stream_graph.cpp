#include "libflow/graph/stream_graph.hpp"

#include <algorithm>
#include <utility>

#include "libflow/core/assert.hpp"
#include "libflow/core/key_group.hpp"

namespace flow {

stream_node::stream_node() = default;
stream_node::stream_node(const stream_node&) = default;
stream_node::stream_node(stream_node&&) noexcept = default;
stream_node& stream_node::operator=(const stream_node&) = default;
stream_node& stream_node::operator=(stream_node&&) noexcept = default;
stream_node::~stream_node() = default;

void stream_node::add_note(std::string key, std::string value) {
  notes.emplace_back(std::move(key), std::move(value));
}

std::string_view to_string(operator_kind kind) noexcept {
  switch (kind) {
  case operator_kind::source:
    return "source";
  case operator_kind::map:
    return "map";
  case operator_kind::filter:
    return "filter";
  case operator_kind::flat_map:
    return "flat_map";
  case operator_kind::process:
    return "process";
  case operator_kind::keyed_process:
    return "keyed_process";
  case operator_kind::reduce:
    return "reduce";
  case operator_kind::window:
    return "window";
  case operator_kind::co_process:
    return "co_process";
  case operator_kind::interval_join:
    return "interval_join";
  case operator_kind::async:
    return "async";
  case operator_kind::broadcast_connect:
    return "broadcast_connect";
  case operator_kind::watermarks:
    return "watermarks";
  case operator_kind::sink:
    return "sink";
  }
  return "operator";
}

std::string_view to_string(delivery_guarantee level) noexcept {
  switch (level) {
  case delivery_guarantee::at_most_once:
    return "at-most-once";
  case delivery_guarantee::at_least_once:
    return "at-least-once";
  case delivery_guarantee::exactly_once:
    return "exactly-once";
  }
  return "unknown";
}

node_id stream_graph::add_node(stream_node node) {
  FLOW_ASSERT((node.kind == operator_kind::source) == node.inputs.empty(),
              "a source has no inputs, every other operator has");
  node.id = node_id{static_cast<std::uint32_t>(nodes_.size())};
  nodes_.push_back(std::move(node));
  return nodes_.back().id;
}

void stream_graph::add_edge(stream_edge edge) {
  FLOW_ASSERT(index_of(edge.from) < index_of(edge.to),
              "an edge goes from an older node to a newer one");
  const auto& from = node(edge.from);
  const auto& to = node(edge.to);
  FLOW_ASSERT(edge.input < to.inputs.size(), "the node has no such input");
  FLOW_ASSERT(from.kind != operator_kind::sink, "a sink has no output");
  FLOW_ASSERT(edge.type == to.inputs[edge.input].type,
              "the input takes records of another type");
  FLOW_ASSERT(edge.side_output || edge.type == from.out_type,
              "the output gives records of another type");
  FLOW_ASSERT(!edge.side_output || !edge.side_output->empty(),
              "a side output needs a tag");
  edges_.push_back(std::move(edge));
}

stream_node& stream_graph::node(node_id id) {
  FLOW_ASSERT(index_of(id) < nodes_.size(), "no such node");
  return nodes_[index_of(id)];
}

const stream_node& stream_graph::node(node_id id) const {
  FLOW_ASSERT(index_of(id) < nodes_.size(), "no such node");
  return nodes_[index_of(id)];
}

std::vector<const stream_edge*> stream_graph::inputs_of(node_id id) const {
  std::vector<const stream_edge*> result;
  for (const auto& edge : edges_)
    if (edge.to == id)
      result.push_back(&edge);
  return result;
}

std::vector<const stream_edge*> stream_graph::outputs_of(node_id id) const {
  std::vector<const stream_edge*> result;
  for (const auto& edge : edges_)
    if (edge.from == id)
      result.push_back(&edge);
  return result;
}

int stream_graph::parallelism_of(node_id id) const {
  const auto& n = node(id);
  return n.parallelism.value_or(n.single ? 1 : options_.parallelism);
}

int stream_graph::max_parallelism_of(node_id id) const {
  const auto& n = node(id);
  if (n.max_parallelism)
    return *n.max_parallelism;
  if (options_.max_parallelism)
    return *options_.max_parallelism;
  const auto p = std::max(parallelism_of(id), 1);
  return static_cast<int>(
    default_max_parallelism(static_cast<std::uint32_t>(p)));
}

partitioning stream_graph::partitioning_of(const stream_edge& edge) const {
  if (edge.how)
    return *edge.how;
  return parallelism_of(edge.from) == parallelism_of(edge.to)
           ? partitioning::forward
           : partitioning::rebalance;
}

std::string stream_graph::slot_sharing_group_of(node_id id) const {
  // Inputs are older nodes, so one pass in the order of writing settles all.
  std::vector<std::string> groups;
  for (const auto& n : nodes_) {
    std::optional<std::string> group = n.slot_sharing_group;
    if (!group) {
      for (const auto* edge : inputs_of(n.id)) {
        const auto& above = groups[index_of(edge->from)];
        if (group && *group != above) {
          group = "default";
          break;
        }
        group = above;
      }
    }
    groups.push_back(group.value_or("default"));
    if (n.id == id)
      break;
  }
  return groups.back();
}

std::string stream_graph::name_of(node_id id) const {
  const auto& n = node(id);
  return n.name.empty() ? std::string{to_string(n.kind)} : n.name;
}

std::string label_of(const stream_graph& graph, node_id id) {
  const auto& node = graph.node(id);
  std::string label{to_string(node.kind)};
  return node.name.empty() ? label : label + " '" + node.name + "'";
}

} // namespace flow
