#include "libflow/graph/chaining.hpp"

namespace flow {

namespace {

using reason = std::optional<std::string>;

/// Watermarks that hold their source back are part of it.
reason chaining_is_on(const stream_graph& graph, const stream_edge& edge) {
  const bool inseparable =
    graph.node(edge.to).alignment
    && graph.node(edge.from).kind == operator_kind::source;
  if (!graph.options().chaining && !inseparable)
    return "chaining is off for this job";
  return {};
}

reason nothing_waits(const stream_graph&, const stream_edge& edge) {
  if (edge.wait_for)
    return "the operator waits for this input to end";
  return {};
}

reason forward_edge(const stream_graph& graph, const stream_edge& edge) {
  const auto how = graph.partitioning_of(edge);
  if (how == partitioning::forward)
    return {};
  if (edge.how)
    return "the exchange is " + std::string{to_string(how)};
  return "parallelism changes from "
         + std::to_string(graph.parallelism_of(edge.from)) + " to "
         + std::to_string(graph.parallelism_of(edge.to));
}

reason same_max_parallelism(const stream_graph& graph,
                            const stream_edge& edge) {
  const int above = graph.max_parallelism_of(edge.from);
  const int below = graph.max_parallelism_of(edge.to);
  if (above != below)
    return "max parallelism changes from " + std::to_string(above) + " to "
           + std::to_string(below);
  return {};
}

reason same_slot_sharing_group(const stream_graph& graph,
                               const stream_edge& edge) {
  const auto above = graph.slot_sharing_group_of(edge.from);
  const auto below = graph.slot_sharing_group_of(edge.to);
  if (above != below)
    return "slot sharing group changes from " + above + " to " + below;
  return {};
}

reason only_input(const stream_graph& graph, const stream_edge& edge) {
  const auto inputs = graph.inputs_of(edge.to).size();
  if (inputs != 1)
    return "the operator has " + std::to_string(inputs) + " input streams";
  return {};
}

reason lower_may_join(const stream_graph& graph, const stream_edge& edge) {
  switch (graph.node(edge.to).chaining) {
  case chaining_strategy::always:
    return {};
  case chaining_strategy::head:
    return "the operator begins a chain";
  case chaining_strategy::never:
    return "the operator is never chained";
  }
  return {};
}

reason upper_may_be_joined(const stream_graph& graph, const stream_edge& edge) {
  if (graph.node(edge.from).chaining == chaining_strategy::never)
    return graph.name_of(edge.from) + " is never chained";
  return {};
}

} // namespace

std::optional<std::string> why_not_chained(const stream_graph& graph,
                                           const stream_edge& edge) {
  // A forward edge joins equal parallelism (a rule of the validator), so that
  // needs no rule here.
  constexpr reason (*rules[])(const stream_graph&, const stream_edge&) = {
    chaining_is_on,          nothing_waits,       forward_edge,
    same_max_parallelism,    only_input,          lower_may_join,
    same_slot_sharing_group, upper_may_be_joined,
  };
  for (const auto rule : rules)
    if (auto why = rule(graph, edge))
      return why;
  return std::nullopt;
}

} // namespace flow
