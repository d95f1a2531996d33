#include "libflow/graph/job_graph.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "libflow/core/assert.hpp"
#include "libflow/graph/chaining.hpp"
#include "libflow/graph/graph_validator.hpp"
#include "libflow/graph/stable_hash.hpp"

namespace flow {

namespace {

/// Ids by node, in the order of writing (so an operator above comes first).
std::vector<operator_id> operator_ids(const stream_graph& graph) {
  std::vector<operator_id> ids;
  std::map<std::uint64_t, std::uint64_t> seen;
  for (const auto& node : graph.nodes()) {
    if (node.uid) {
      ids.push_back(operator_id_of(*node.uid));
      continue;
    }
    stable_hash place;
    place.add("place").add(to_string(node.kind)).add(graph.name_of(node.id));
    for (const auto* edge : graph.inputs_of(node.id))
      place.add(edge->input)
        .add(static_cast<std::uint64_t>(ids[index_of(edge->from)]))
        .add(edge->side_output.value_or(""));
    const auto nth = seen[place.value()]++;
    ids.push_back(operator_id{place.add(nth).value()});
  }
  return ids;
}

std::vector<std::string> unique_names(const stream_graph& graph) {
  std::set<std::string> taken;
  std::vector<std::string> names;
  for (const auto& node : graph.nodes()) {
    const auto wanted = graph.name_of(node.id);
    auto name = wanted;
    for (int n = 2; !taken.insert(name).second; ++n)
      name = wanted + " #" + std::to_string(n);
    names.push_back(std::move(name));
  }
  return names;
}

struct place_in_vertex {
  vertex_id vertex{};
  std::size_t index = 0;
};

/// Puts the nodes into vertices, one by one in the order of writing.
class planner {
public:
  planner(const stream_graph& graph, std::vector<operator_id> ids)
    : graph_(graph), ids_(std::move(ids)), names_(unique_names(graph)) {}

  void run() {
    for (const auto& node : graph_.nodes())
      place(node);
    for (const auto& edge : graph_.edges())
      connect(edge);
    for (auto& vertex : vertices)
      vertex.name = chain_name(vertex, 0);
  }

  std::vector<job_vertex> vertices;
  std::vector<job_edge> edges;

private:
  void place(const stream_node& node) {
    const auto inputs = graph_.inputs_of(node.id);
    const bool joins =
      inputs.size() == 1 && !why_not_chained(graph_, *inputs[0]);
    auto& vertex =
      joins ? vertices[index_of(places_[index_of(inputs[0]->from)].vertex)]
            : add_vertex(node);
    const auto index = vertex.operators.size();
    vertex.operators.push_back(
      {ids_[index_of(node.id)], names_[index_of(node.id)], node});
    places_.push_back({vertex.id, index});
    if (joins)
      vertex.chained.push_back({places_[index_of(inputs[0]->from)].index, index,
                                inputs[0]->side_output, inputs[0]->code});
  }

  job_vertex& add_vertex(const stream_node& node) {
    job_vertex vertex;
    vertex.id = vertex_id{static_cast<std::uint32_t>(vertices.size())};
    vertex.parallelism =
      static_cast<std::uint32_t>(graph_.parallelism_of(node.id));
    vertex.max_parallelism =
      static_cast<std::uint32_t>(graph_.max_parallelism_of(node.id));
    vertex.slot_sharing_group = graph_.slot_sharing_group_of(node.id);
    return vertices.emplace_back(std::move(vertex));
  }

  void connect(const stream_edge& edge) {
    auto why = why_not_chained(graph_, edge);
    if (!why)
      return;
    const auto from = places_[index_of(edge.from)];
    const auto to = places_[index_of(edge.to)];
    FLOW_ASSERT(to.index == 0, "only the head of a chain has inputs");
    const edge_id id{static_cast<std::uint32_t>(edges.size())};
    edges.push_back({id, from.vertex, to.vertex, from.index, edge.input,
                     graph_.partitioning_of(edge), edge.type, edge.side_output,
                     edge.wait_for, std::move(*why), edge.code});
    vertices[index_of(from.vertex)].outputs.push_back(id);
    vertices[index_of(to.vertex)].inputs.push_back(id);
  }

  static std::string chain_name(const job_vertex& vertex, std::size_t at) {
    std::vector<std::string> below;
    for (const auto& edge : vertex.chained)
      if (edge.from == at)
        below.push_back(chain_name(vertex, edge.to));
    std::string name = vertex.operators[at].name;
    if (below.empty())
      return name;
    if (below.size() == 1)
      return name + " -> " + below[0];
    name += " -> (";
    for (std::size_t i = 0; i < below.size(); ++i)
      name += (i == 0 ? "" : ", ") + below[i];
    return name + ")";
  }

  const stream_graph& graph_;
  std::vector<operator_id> ids_;
  std::vector<std::string> names_;
  std::vector<place_in_vertex> places_;
};

expected<void> check_ids(const stream_graph& graph,
                         const std::vector<operator_id>& ids) {
  std::map<operator_id, node_id> owners;
  for (const auto& node : graph.nodes()) {
    const auto [owner, is_new] =
      owners.emplace(ids[index_of(node.id)], node.id);
    if (!is_new)
      return error{error_code::invalid_job,
                   label_of(graph, owner->second) + " and "
                     + label_of(graph, node.id)
                     + " get the same operator id: give one another uid",
                   error_severity::fatal};
  }
  return {};
}

std::string number(std::uint64_t n) {
  return std::to_string(n);
}

std::string fact_of(const job_vertex& vertex, const job_operator& op) {
  std::string fact = "operator " + op.name + ": id " + to_string(op.id)
                     + ", kind " + std::string{to_string(op.node.kind)}
                     + ", uid " + op.node.uid.value_or("-") + ", takes";
  for (const auto& input : op.node.inputs)
    fact += " " + input.type;
  fact += ", gives " + op.node.out_type + ", in vertex "
          + number(index_of(vertex.id));
  if (const auto& aligned = op.node.alignment)
    fact += ", aligned in group " + aligned->group + " within "
            + std::to_string(aligned->max_drift.count()) + " ms, told every "
            + std::to_string(aligned->update_interval.count()) + " ms";
  if (op.node.stamps_arrival)
    fact += ", stamps arrival";
  return fact;
}

std::string fact_of(const job_edge& edge) {
  return "edge " + number(index_of(edge.id)) + ": from vertex "
         + number(index_of(edge.from)) + " operator "
         + number(edge.from_operator) + " to vertex "
         + number(index_of(edge.to)) + " input " + number(edge.input) + ", "
         + std::string{to_string(edge.how)} + ", type " + edge.type
         + ", side output " + edge.side_output.value_or("-")
         + (edge.wait_for ? ", waited for" : "");
}

} // namespace

operator_id operator_id_of(std::string_view uid) {
  return operator_id{stable_hash{}.add("uid").add(uid).value()};
}

const job_vertex& job_graph::vertex(vertex_id id) const {
  FLOW_ASSERT(index_of(id) < vertices_.size(), "no such vertex");
  return vertices_[index_of(id)];
}

const job_edge& job_graph::edge(edge_id id) const {
  FLOW_ASSERT(index_of(id) < edges_.size(), "no such edge");
  return edges_[index_of(id)];
}

std::vector<std::string> job_graph::facts() const {
  std::vector<std::string> result;
  result.push_back("job " + options_.job_name);
  for (const auto& [key, value] : options_.settings)
    result.push_back("setting " + key + " = " + value);
  for (const auto& vertex : vertices_) {
    result.push_back("vertex " + number(index_of(vertex.id)) + ": parallelism "
                     + number(vertex.parallelism) + ", max parallelism "
                     + number(vertex.max_parallelism) + ", slot sharing group "
                     + vertex.slot_sharing_group);
    for (const auto& op : vertex.operators)
      result.push_back(fact_of(vertex, op));
    for (const auto& edge : vertex.chained)
      result.push_back("chain in vertex " + number(index_of(vertex.id))
                       + ": from operator " + number(edge.from)
                       + " to operator " + number(edge.to) + ", side output "
                       + edge.side_output.value_or("-"));
  }
  for (const auto& edge : edges_)
    result.push_back(fact_of(edge));
  return result;
}

std::uint64_t job_graph::hash() const {
  stable_hash hash;
  for (const auto& fact : facts())
    hash.add(fact);
  return hash.value();
}

expected<job_graph> build_job_graph(const stream_graph& graph) {
  if (auto valid = validate(graph); !valid)
    return valid.error();
  auto ids = operator_ids(graph);
  if (auto distinct = check_ids(graph, ids); !distinct)
    return distinct.error();
  planner plan(graph, std::move(ids));
  plan.run();
  job_graph result;
  result.options_ = graph.options();
  result.vertices_ = std::move(plan.vertices);
  result.edges_ = std::move(plan.edges);
  return result;
}

job_graph
with_max_parallelism(job_graph graph,
                     const std::map<vertex_id, std::uint32_t>& wanted) {
  for (const auto& [id, max_parallelism] : wanted) {
    job_vertex& vertex = graph.vertices_.at(index_of(id));
    FLOW_ASSERT(vertex.parallelism <= max_parallelism,
                "more subtasks than key groups");
    vertex.max_parallelism = max_parallelism;
  }
  return graph;
}

std::optional<std::string>
first_difference(const std::vector<std::string>& planned,
                 const std::vector<std::string>& built) {
  const auto common = std::min(planned.size(), built.size());
  for (std::size_t i = 0; i < common; ++i)
    if (planned[i] != built[i])
      return "planned was '" + planned[i] + "', built is '" + built[i] + "'";
  if (planned.size() > common)
    return "planned was '" + planned[common] + "', which is missing";
  if (built.size() > common)
    return "built is '" + built[common] + "', which was not planned";
  return std::nullopt;
}

} // namespace flow
