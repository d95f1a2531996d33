#include "libflow/graph/graph_printer.hpp"

#include <optional>
#include <utility>

#include "libflow/core/json_writer.hpp"

namespace flow {

namespace {

std::uint64_t slot_count(const execution_graph& graph) {
  std::uint64_t count = 0;
  for (const auto& need : graph.slots())
    count += need.slots;
  return count;
}

/// The link by which an operator hangs in its chain; null for the head.
const chained_edge* link_to(const job_vertex& vertex, std::size_t at) {
  for (const auto& edge : vertex.chained)
    if (edge.to == at)
      return &edge;
  return nullptr;
}

// -- text --------------------------------------------------------------------

std::string counted(std::uint64_t n, const std::string& noun) {
  return std::to_string(n) + " " + noun + (n == 1 ? "" : "s");
}

/// "[0]", as the text refers to a vertex.
std::string numbered(vertex_id id) {
  std::string text{"["};
  text += std::to_string(index_of(id));
  text += ']';
  return text;
}

void print_operator(std::string& out, const job_vertex& vertex, std::size_t at,
                    std::size_t depth) {
  const auto& op = vertex.operators[at];
  const auto* link = link_to(vertex, at);
  const std::string indent(4 + 2 * depth, ' ');
  out += indent + op.name + ": " + std::string{to_string(op.node.kind)};
  if (op.node.kind == operator_kind::source)
    out += op.node.bounded ? ", bounded" : ", unbounded";
  if (link && link->side_output)
    out += ", of side output " + *link->side_output;
  if (!op.node.out_type.empty())
    out += ", gives " + op.node.out_type;
  if (op.node.stateful)
    out += ", stateful";
  out += op.node.uid ? ", uid " + *op.node.uid : ", no uid";
  out += ", id " + to_string(op.id) + "\n";
  for (const auto& [key, value] : op.node.notes)
    out += indent + "  " + key + ": " + value + "\n";
  for (const auto& edge : vertex.chained)
    if (edge.from == at)
      print_operator(out, vertex, edge.to, depth + 1);
}

void print_edge(std::string& out, const execution_graph& graph,
                const job_edge& edge) {
  const auto& job = graph.job();
  const auto& from = job.vertex(edge.from);
  const auto& to = job.vertex(edge.to);
  out += "  <= " + numbered(edge.from) + " "
         + from.operators[edge.from_operator].name;
  if (edge.side_output)
    out += ", side output " + *edge.side_output;
  out += ": " + std::string{to_string(edge.how)} + " of " + edge.type;
  if (to.head().node.inputs.size() > 1)
    out += " into input " + std::to_string(edge.input);
  out += ", ";
  out += counted(graph.channel_count(edge.id), "channel");
  if (edge.wait_for)
    out += ", waited for";
  out += "; not chained: " + edge.why_not_chained + "\n";
}

void print_vertex(std::string& out, const execution_graph& graph,
                  const job_vertex& vertex) {
  out += '\n' + numbered(vertex.id) + " " + vertex.name + "\n";
  out += "  parallelism " + std::to_string(vertex.parallelism) + ", max "
         + std::to_string(vertex.max_parallelism) + ", slot sharing group "
         + vertex.slot_sharing_group + "\n";
  for (const auto id : vertex.inputs)
    print_edge(out, graph, graph.job().edge(id));
  print_operator(out, vertex, 0, 0);
}

std::string explain_text(const execution_graph& graph,
                         const guarantee_report& guarantee) {
  const auto& job = graph.job();
  const auto vertices = job.vertices().size();
  std::string out = "job " + job.options().job_name + ": "
                    + std::to_string(vertices)
                    + (vertices == 1 ? " vertex, " : " vertices, ")
                    + counted(graph.subtask_count(), "subtask") + ", "
                    + counted(slot_count(graph), "slot") + ", graph "
                    + hex16(job.hash()) + "\n";
  out += "guarantee: " + to_string(guarantee) + "\n";
  for (const auto& source : guarantee.sources)
    out +=
      "after a failure: source '" + source.source + "' " + source.text + "\n";
  out += "slots:";
  for (const auto& need : graph.slots())
    out += " " + need.group + " " + std::to_string(need.slots);
  out += "\n";
  for (const auto& vertex : job.vertices())
    print_vertex(out, graph, vertex);
  return out;
}

// -- JSON --------------------------------------------------------------------

void member_or_null(json_writer& out, std::string_view key,
                    const std::optional<std::string>& text) {
  out.key(key);
  if (text)
    out.value(*text);
  else
    out.null();
}

void write_guarantee(json_writer& out, const guarantee_report& report) {
  out.key("guarantee").begin_object();
  out.member("level", to_string(report.level));
  member_or_null(out, "limited_by",
                 report.limited_by.empty() ? std::nullopt
                                           : std::optional{report.limited_by});
  out.member("reason", report.reason);
  out.key("sources").begin_array();
  for (const auto& source : report.sources)
    out.begin_object()
      .member("name", source.source)
      .member("after_failure", source.text)
      .end_object();
  out.end_array().end_object();
}

void write_operator(json_writer& out, const job_vertex& vertex,
                    std::size_t at) {
  const auto& op = vertex.operators[at];
  const auto* link = link_to(vertex, at);
  out.begin_object();
  out.member("id", to_string(op.id)).member("name", op.name);
  out.member("kind", to_string(op.node.kind));
  member_or_null(out, "uid", op.node.uid);
  out.key("chained_to");
  if (link)
    out.value(link->from);
  else
    out.null();
  member_or_null(out, "side_output", link ? link->side_output : std::nullopt);
  out.key("inputs").begin_array();
  for (const auto& input : op.node.inputs)
    out.value(input.type);
  out.end_array();
  member_or_null(out, "output",
                 op.node.kind == operator_kind::sink
                   ? std::nullopt
                   : std::optional{op.node.out_type});
  out.member("stateful", op.node.stateful);
  out.key("bounded");
  if (op.node.kind == operator_kind::source)
    out.value(op.node.bounded);
  else
    out.null();
  out.key("notes").begin_object();
  for (const auto& [key, value] : op.node.notes)
    out.member(key, value);
  out.end_object().end_object();
}

void write_vertex(json_writer& out, const job_vertex& vertex) {
  out.begin_object();
  out.member("id", index_of(vertex.id)).member("name", vertex.name);
  out.member("parallelism", vertex.parallelism);
  out.member("max_parallelism", vertex.max_parallelism);
  out.member("slot_sharing_group", vertex.slot_sharing_group);
  out.key("operators").begin_array();
  for (std::size_t i = 0; i < vertex.operators.size(); ++i)
    write_operator(out, vertex, i);
  out.end_array().end_object();
}

void write_edge(json_writer& out, const execution_graph& graph,
                const job_edge& edge) {
  out.begin_object();
  out.member("id", index_of(edge.id)).member("from", index_of(edge.from));
  out.member("from_operator", edge.from_operator);
  out.member("to", index_of(edge.to)).member("input", edge.input);
  out.member("partitioning", to_string(edge.how)).member("type", edge.type);
  member_or_null(out, "side_output", edge.side_output);
  out.member("wait_for", edge.wait_for);
  out.member("channels", graph.channel_count(edge.id));
  out.member("not_chained_because", edge.why_not_chained);
  out.end_object();
}

std::string explain_json(const execution_graph& graph,
                         const guarantee_report& guarantee) {
  const auto& job = graph.job();
  json_writer out(json_writer::layout::indented);
  out.begin_object();
  out.member("job", job.options().job_name).member("hash", hex16(job.hash()));
  out.member("subtasks", graph.subtask_count());
  out.member("slots", slot_count(graph));
  write_guarantee(out, guarantee);
  out.key("slot_sharing_groups").begin_array();
  for (const auto& need : graph.slots())
    out.begin_object()
      .member("name", need.group)
      .member("slots", need.slots)
      .end_object();
  out.end_array();
  out.key("vertices").begin_array();
  for (const auto& vertex : job.vertices())
    write_vertex(out, vertex);
  out.end_array();
  out.key("edges").begin_array();
  for (const auto& edge : job.edges())
    write_edge(out, graph, edge);
  out.end_array().end_object();
  return std::move(out).take() + "\n";
}

// -- Graphviz ----------------------------------------------------------------

/// "v0", the name of a vertex in the dot text.
std::string dot_name(vertex_id id) {
  std::string name{"v"};
  name += std::to_string(index_of(id));
  return name;
}

std::string dot_quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      result += '\\';
    if (c == '\n')
      result += "\\n";
    else
      result += c;
  }
  return result + "\"";
}

std::string explain_dot(const execution_graph& graph,
                        const guarantee_report& guarantee) {
  const auto& job = graph.job();
  std::string out{"digraph "};
  out += dot_quoted(job.options().job_name) + " {\n";
  out += "  rankdir=LR;\n  node [shape=box];\n";
  out += "  label=" + dot_quoted("guarantee: " + to_string(guarantee)) + ";\n";
  for (const auto& vertex : job.vertices()) {
    auto label = vertex.name;
    label += "\nparallelism " + std::to_string(vertex.parallelism);
    label += "\nslot sharing group " + vertex.slot_sharing_group;
    out += "  ";
    out += dot_name(vertex.id) + " [label=" + dot_quoted(label) + "];\n";
  }
  for (const auto& edge : job.edges()) {
    std::string label{to_string(edge.how)};
    if (edge.side_output)
      label += "\nside output " + *edge.side_output;
    if (edge.wait_for)
      label += "\nwaited for";
    out += "  ";
    out += dot_name(edge.from) + " -> " + dot_name(edge.to)
           + " [label=" + dot_quoted(label) + "];\n";
  }
  return out + "}\n";
}

} // namespace

expected<graph_format> graph_format_from(std::string_view name) {
  if (name == "text")
    return graph_format::text;
  if (name == "json")
    return graph_format::json;
  if (name == "dot")
    return graph_format::dot;
  std::string text{"--explain takes text, json or dot, not '"};
  text += name;
  text += "'";
  return error{error_code::invalid_argument, std::move(text),
               error_severity::fatal};
}

std::string explain(const execution_graph& graph, checkpoint_mode checkpoints,
                    graph_format format) {
  const auto guarantee = end_to_end_guarantee(graph.job(), checkpoints);
  switch (format) {
  case graph_format::text:
    return explain_text(graph, guarantee);
  case graph_format::json:
    return explain_json(graph, guarantee);
  case graph_format::dot:
    return explain_dot(graph, guarantee);
  }
  return {};
}

} // namespace flow
