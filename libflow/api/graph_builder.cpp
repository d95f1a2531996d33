#include "libflow/api/graph_builder.hpp"

namespace flow::detail {

void add_edges(graph_builder& builder,
               const std::vector<stream_origin>& origins, node_id to,
               std::uint32_t input, bool wait_for, const edge_type& type) {
  for (const auto& origin : origins)
    builder.graph.add_edge({
      .from = origin.node,
      .to = to,
      .input = input,
      .how = origin.how,
      .type = type.name,
      .side_output = origin.side_output,
      .wait_for = wait_for,
      .code = origin.code ? origin.code : type.plain,
    });
}

node_id add_one_input(graph_builder& builder,
                      const std::vector<stream_origin>& origins,
                      stream_node&& node, input_rule rule,
                      const edge_type& type) {
  node.inputs = {{.type = type.name, .rule = rule}};
  const node_id id = builder.graph.add_node(std::move(node));
  add_edges(builder, origins, id, 0, false, type);
  return id;
}

} // namespace flow::detail
