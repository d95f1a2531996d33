#include "libflow/graph/graph_validator.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "libflow/core/key_group.hpp"
#include "libflow/graph/chaining.hpp"

namespace flow {

namespace {

using errors = std::vector<error>;

constexpr int most = static_cast<int>(max_max_parallelism);

void add(errors& out, std::string text) {
  out.push_back(
    {error_code::invalid_job, std::move(text), error_severity::fatal});
}

std::string quoted(const std::string& text) {
  return "'" + text + "'";
}

bool has_kind(const stream_graph& graph, operator_kind kind) {
  return std::any_of(graph.nodes().begin(), graph.nodes().end(),
                     [kind](const auto& node) { return node.kind == kind; });
}

void needs_a_source(const stream_graph& graph, errors& out) {
  if (!has_kind(graph, operator_kind::source))
    add(out, "the job has no source: begin a stream with from_source, "
             "from_collection, from_sequence or from_actor");
}

void needs_a_sink(const stream_graph& graph, errors& out) {
  if (!has_kind(graph, operator_kind::sink))
    add(out, "the job has no sink: end a stream with sink_to, print or "
             "collect");
}

void inputs_are_connected(const stream_graph& graph, errors& out) {
  for (const auto& node : graph.nodes()) {
    const auto edges = graph.inputs_of(node.id);
    for (std::uint32_t input = 0; input < node.inputs.size(); ++input) {
      const bool connected =
        std::any_of(edges.begin(), edges.end(),
                    [input](const auto* edge) { return edge->input == input; });
      if (connected)
        continue;
      const auto which = node.inputs.size() == 1
                           ? std::string{"no input"}
                           : "no stream at input " + std::to_string(input);
      add(out, label_of(graph, node.id) + " has " + which
                 + ": connect a stream to it or remove it");
    }
  }
}

void outputs_are_consumed(const stream_graph& graph, errors& out) {
  for (const auto& node : graph.nodes())
    if (node.kind != operator_kind::sink && graph.outputs_of(node.id).empty())
      add(out, "nothing consumes " + label_of(graph, node.id)
                 + ": end its stream with a sink or remove it");
}

void uids_are_unique(const stream_graph& graph, errors& out) {
  std::map<std::string, node_id> owners;
  for (const auto& node : graph.nodes()) {
    if (!node.uid)
      continue;
    if (node.uid->empty()) {
      add(out, label_of(graph, node.id)
                 + " has an empty uid: give it a text or leave it away");
      continue;
    }
    const auto [owner, is_new] = owners.emplace(*node.uid, node.id);
    if (!is_new)
      add(out, label_of(graph, owner->second) + " and "
                 + label_of(graph, node.id) + " have the same uid "
                 + quoted(*node.uid)
                 + ": a uid names the state of one operator, give each its "
                   "own");
  }
}

void state_is_found_again(const stream_graph& graph, errors& out) {
  if (!graph.options().checkpoints)
    return;
  for (const auto& node : graph.nodes())
    if (node.stateful && !node.uid)
      add(out, label_of(graph, node.id)
                 + " has state but no uid: with checkpoints give it one, "
                   "uid(\"...\"), by which a restore finds its state");
}

bool in_range(int parallelism) {
  return parallelism >= 1 && parallelism <= most;
}

void check_range(const std::string& who, const char* what, int value,
                 errors& out) {
  if (!in_range(value))
    add(out, who + " has " + what + " " + std::to_string(value)
               + ": it must be within 1.." + std::to_string(most));
}

void parallelism_is_in_range(const stream_graph& graph, errors& out) {
  const auto& options = graph.options();
  check_range("the job", "parallelism", options.parallelism, out);
  if (options.max_parallelism)
    check_range("the job", "max parallelism", *options.max_parallelism, out);
  for (const auto& node : graph.nodes()) {
    const auto who = label_of(graph, node.id);
    if (node.parallelism)
      check_range(who, "parallelism", *node.parallelism, out);
    if (node.max_parallelism)
      check_range(who, "max parallelism", *node.max_parallelism, out);
  }
}

void parallelism_is_within_max(const stream_graph& graph, errors& out) {
  for (const auto& node : graph.nodes()) {
    const int p = graph.parallelism_of(node.id);
    const int max = graph.max_parallelism_of(node.id);
    if (in_range(p) && in_range(max) && p > max)
      add(out, label_of(graph, node.id) + " has parallelism "
                 + std::to_string(p) + ", above its max parallelism "
                 + std::to_string(max)
                 + ": lower the one or raise the other (raising gives up "
                   "state kept so far)");
  }
}

void single_operators_have_one_subtask(const stream_graph& graph, errors& out) {
  for (const auto& node : graph.nodes())
    if (node.single && node.parallelism.value_or(1) > 1)
      add(out, label_of(graph, node.id) + " has parallelism "
                 + std::to_string(*node.parallelism)
                 + ", but is right only with 1: remove its set_parallelism");
}

void forward_joins_equal_parallelism(const stream_graph& graph, errors& out) {
  for (const auto& edge : graph.edges()) {
    const int above = graph.parallelism_of(edge.from);
    const int below = graph.parallelism_of(edge.to);
    if (graph.partitioning_of(edge) == partitioning::forward && above != below)
      add(out, "forward from " + label_of(graph, edge.from) + " to "
                 + label_of(graph, edge.to)
                 + " needs equal parallelism, but they have "
                 + std::to_string(above) + " and " + std::to_string(below)
                 + ": use rebalance or rescale, or make them equal");
  }
}

void inputs_get_what_they_need(const stream_graph& graph, errors& out) {
  for (const auto& edge : graph.edges()) {
    const auto rule = graph.node(edge.to).inputs[edge.input].rule;
    const auto how = graph.partitioning_of(edge);
    if (rule == input_rule::keyed && how != partitioning::hash)
      add(out,
          label_of(graph, edge.to) + " needs a keyed input, but the stream of "
            + label_of(graph, edge.from) + " is not keyed: call key_by on it");
    if (rule == input_rule::broadcast && how != partitioning::broadcast)
      add(out, label_of(graph, edge.to)
                 + " needs a broadcast input, but the stream of "
                 + label_of(graph, edge.from)
                 + " is not broadcast: call broadcast on it");
  }
}

void waiting_leaves_another_input(const stream_graph& graph, errors& out) {
  for (const auto& node : graph.nodes()) {
    const auto edges = graph.inputs_of(node.id);
    const bool all_awaited =
      !edges.empty() && std::all_of(edges.begin(), edges.end(), [](auto* e) {
        return e->wait_for;
      });
    if (all_awaited)
      add(out, label_of(graph, node.id)
                 + " waits for all of its inputs, so none could go first: "
                   "remove a wait_for");
  }
}

/// The source in whose chain an operator runs, or why it runs in none.
expected<node_id> source_of_chain(const stream_graph& graph, node_id id) {
  while (graph.node(id).kind != operator_kind::source) {
    const auto inputs = graph.inputs_of(id);
    if (inputs.empty())
      return error{error_code::invalid_job, "it has no input"};
    if (auto why = why_not_chained(graph, *inputs.front()))
      return error{error_code::invalid_job, std::move(*why)};
    id = inputs.front()->from;
  }
  return id;
}

/// Only from within its chain can a source be held back.
void aligned_watermarks_are_at_their_source(const stream_graph& graph,
                                            errors& out) {
  std::map<node_id, node_id> aligned; // by source
  for (const auto& node : graph.nodes()) {
    if (!node.alignment)
      continue;
    const auto source = source_of_chain(graph, node.id);
    if (!source) {
      add(out, label_of(graph, node.id) + " aligns in group "
                 + quoted(node.alignment->group)
                 + ", but is not in the chain of a source ("
                 + source.error().text
                 + "): assign these watermarks right behind the source");
      continue;
    }
    const auto [first, is_new] = aligned.emplace(*source, node.id);
    if (!is_new)
      add(out, label_of(graph, first->second) + " and "
                 + label_of(graph, node.id) + " both align "
                 + label_of(graph, *source) + ": a source has one alignment");
  }
}

/// Operators whose watermarks align a source and flow into `id`.
std::set<node_id> aligned_above(const stream_graph& graph, node_id id) {
  std::set<node_id> found;
  std::set<node_id> seen{id};
  for (std::vector<node_id> open{id}; !open.empty();) {
    const node_id at = open.back();
    open.pop_back();
    if (graph.node(at).alignment)
      found.insert(at);
    for (const auto* edge : graph.inputs_of(at))
      if (seen.insert(edge->from).second)
        open.push_back(edge->from);
  }
  return found;
}

/// One that is waited for would be held back by those whose records wait for
/// its end. What flows into both sides waits for nobody.
void aligned_sources_do_not_wait_for_each_other(const stream_graph& graph,
                                                errors& out) {
  for (const auto& node : graph.nodes()) {
    std::set<node_id> awaited;
    std::set<node_id> waiting;
    for (const auto* edge : graph.inputs_of(node.id))
      (edge->wait_for ? awaited : waiting)
        .merge(aligned_above(graph, edge->from));
    for (const node_id first : awaited)
      for (const node_id second : waiting) {
        const std::string& group = graph.node(first).alignment->group;
        if (awaited.contains(second) || waiting.contains(first)
            || graph.node(second).alignment->group != group)
          continue;
        add(out, label_of(graph, node.id) + " waits for the end of "
                   + label_of(graph, first) + ", which is held back in group "
                   + quoted(group) + " until " + label_of(graph, second)
                   + " comes up, whose records wait there: align them in two "
                     "groups or remove the wait_for");
      }
  }
}

} // namespace

std::vector<error> find_errors(const stream_graph& graph) {
  constexpr void (*rules[])(const stream_graph&, errors&) = {
    needs_a_source,
    needs_a_sink,
    inputs_are_connected,
    outputs_are_consumed,
    uids_are_unique,
    state_is_found_again,
    parallelism_is_in_range,
    parallelism_is_within_max,
    single_operators_have_one_subtask,
    forward_joins_equal_parallelism,
    inputs_get_what_they_need,
    waiting_leaves_another_input,
    aligned_watermarks_are_at_their_source,
    aligned_sources_do_not_wait_for_each_other,
  };
  errors found;
  for (const auto rule : rules)
    rule(graph, found);
  return found;
}

expected<void> validate(const stream_graph& graph) {
  const auto found = find_errors(graph);
  if (found.empty())
    return {};
  error all{error_code::invalid_job, {}, error_severity::fatal};
  for (const auto& one : found)
    all.text += (all.text.empty() ? "" : "\n") + one.text;
  return all;
}

} // namespace flow
