#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libflow/core/alignment_options.hpp"
#include "libflow/core/error.hpp"
#include "libflow/graph/graph_ids.hpp"
#include "libflow/graph/partitioning.hpp"

namespace flow {

/// The first of the four graphs: what the author wrote. Nothing is chosen yet:
/// what the author left open stays std::nullopt and is resolved by the members
/// of stream_graph, which every later step asks.
///
/// Owner: the stream_environment; one thread (the one that writes the job)
/// until the job graph is built from it. Code hangs on nodes and edges by
/// shared pointers to const and is shared with every later graph.

/// What a node does, as far as graphs care. Display names: to_string.
enum class operator_kind {
  source,            ///< makes records
  map,               ///< one record in, one out
  filter,            ///< keeps or drops
  flat_map,          ///< one in, any number out
  process,           ///< flat_map with a context, side outputs
  keyed_process,     ///< process with keyed state and timers
  reduce,            ///< rolling aggregate per key (reduce, sum, min, max)
  window,            ///< aggregate per key and window
  co_process,        ///< two inputs, one function
  broadcast_connect, ///< a stream and a broadcast stream
  interval_join,     ///< two keyed streams, joined by time
  async,             ///< asks somebody who answers later
  watermarks,        ///< assigns timestamps, makes watermarks
  sink,              ///< takes records out of the job (also print, collect)
};

[[nodiscard]] std::string_view to_string(operator_kind kind) noexcept;

/// Whether a node may run in one chain with its neighbours.
enum class chaining_strategy {
  always, ///< with its upstream and its downstream
  head,   ///< begins a chain (start_new_chain)
  never,  ///< runs alone (disable_chaining)
};

/// What an end of the job promises about each record; from weakest to best.
enum class delivery_guarantee {
  at_most_once,  ///< may be lost, never twice
  at_least_once, ///< never lost, may come twice
  exactly_once,  ///< neither
};

[[nodiscard]] std::string_view to_string(delivery_guarantee level) noexcept;

/// What one node allows while checkpoints are on. Of a source: exactly_once
/// replays from positions kept in the checkpoint, at_least_once has its sender
/// deliver again what was not acknowledged, at_most_once cannot replay. Of a
/// sink: what its way of writing gives. Of other operators exactly_once, unless
/// they reach out of the job.
struct guarantee_fact {
  delivery_guarantee level = delivery_guarantee::exactly_once;
  std::string reason; ///< names why, e.g. "a socket cannot be read again"
};

/// What an input of an operator insists on.
enum class input_rule {
  any,       ///< however the records come
  keyed,     ///< needs key_by before it
  broadcast, ///< needs broadcast() before it
};

struct node_input {
  std::string type; ///< display name of the record type it takes
  input_rule rule = input_rule::any;
};

/// Opaque base of what the API layer hangs on a node: the factory that makes
/// the node's operator. Immutable once in the graph; any thread.
struct node_code {
  virtual ~node_code() = default;
};

/// Opaque base of what the API layer hangs on an edge: makes the partitioner
/// and the codec of the edge's type. Immutable once in the graph; any thread.
struct edge_code {
  virtual ~edge_code() = default;
};

struct stream_node {
  stream_node();
  stream_node(const stream_node&);
  stream_node(stream_node&&) noexcept;
  stream_node& operator=(const stream_node&);
  stream_node& operator=(stream_node&&) noexcept;
  ~stream_node();

  /// Appends a line for --explain.
  void add_note(std::string key, std::string value);

  node_id id{}; ///< set by stream_graph::add_node
  operator_kind kind = operator_kind::map;
  std::string name; ///< empty: the kind's display name
  std::optional<std::string> uid;
  std::optional<int> parallelism;     ///< none: the job's
  std::optional<int> max_parallelism; ///< none: the job's, or by parallelism
  chaining_strategy chaining = chaining_strategy::always;
  std::optional<std::string> slot_sharing_group; ///< none: as its inputs
  std::vector<node_input> inputs;                ///< empty for a source
  std::string out_type;                          ///< empty for a sink
  bool stateful = false;
  bool bounded = true; ///< of a source: its input ends by itself
  /// Right only as one subtask, because it sees one order of all records (a
  /// window over a stream that is not keyed, a collection, a socket).
  bool single = false;
  guarantee_fact guarantee;
  /// Of watermarks: how the source above keeps step with others.
  std::optional<alignment_options> alignment;
  /// Of a source: records are as old as their arrival there.
  bool stamps_arrival = false;
  /// Key and value lines for --explain: window, watermark strategy, path...
  std::vector<std::pair<std::string, std::string>> notes;
  std::shared_ptr<const node_code> code;
};

/// A stream from one node to an input of another. Several edges into the same
/// input are a union; an edge twice is a union with itself.
struct stream_edge {
  node_id from{};
  node_id to{};
  std::uint32_t input = 0;
  /// What the author asked for; none: forward where the parallelism of both
  /// ends is equal, else rebalance.
  std::optional<partitioning> how;
  std::string type; ///< display name of the record type on it
  /// Tag of the side output it carries; none: the node's main output.
  std::optional<std::string> side_output;
  /// The other inputs of `to` wait until this one has ended.
  bool wait_for = false;
  std::shared_ptr<const edge_code> code;
};

/// What holds for the whole job.
struct graph_options {
  std::string job_name = "job";
  int parallelism = 1;
  std::optional<int> max_parallelism;
  bool chaining = true;
  /// Checkpoints are taken: state has to be found again, so a stateful operator
  /// needs a uid.
  bool checkpoints = false;
  /// Settings that must be equal wherever the program builds this graph; part
  /// of the graph's hash.
  std::map<std::string, std::string> settings;
};

class stream_graph {
public:
  explicit stream_graph(graph_options options = {})
    : options_(std::move(options)) {}

  /// Adds a node and numbers it. The author may go on changing it through
  /// node() (name, uid, parallelism).
  node_id add_node(stream_node node);

  /// @pre both nodes exist, `from` was added before `to` (so there are no
  /// cycles), `input` exists and takes the edge's type, a main output has the
  /// node's out_type, a sink has no output
  void add_edge(stream_edge edge);

  [[nodiscard]] graph_options& options() noexcept { return options_; }
  [[nodiscard]] const graph_options& options() const noexcept {
    return options_;
  }
  [[nodiscard]] stream_node& node(node_id id);
  [[nodiscard]] const stream_node& node(node_id id) const;
  [[nodiscard]] const std::vector<stream_node>& nodes() const noexcept {
    return nodes_;
  }
  [[nodiscard]] const std::vector<stream_edge>& edges() const noexcept {
    return edges_;
  }

  /// Edges in the order of writing. Cost: all edges of the graph.
  [[nodiscard]] std::vector<const stream_edge*> inputs_of(node_id id) const;
  [[nodiscard]] std::vector<const stream_edge*> outputs_of(node_id id) const;

  // What holds after defaults; before validation possibly out of bounds.

  /// The node's, else 1 for a node that is `single`, else the job's.
  [[nodiscard]] int parallelism_of(node_id id) const;
  /// The node's, else the job's, else default_max_parallelism.
  [[nodiscard]] int max_parallelism_of(node_id id) const;
  [[nodiscard]] partitioning partitioning_of(const stream_edge& edge) const;
  /// The node's, else that of its inputs if all have the same, else "default".
  [[nodiscard]] std::string slot_sharing_group_of(node_id id) const;
  /// The name, or the kind where it has none. Not unique.
  [[nodiscard]] std::string name_of(node_id id) const;

private:
  graph_options options_;
  std::vector<stream_node> nodes_;
  std::vector<stream_edge> edges_;
};

/// "map 'parse'", as errors name an operator.
[[nodiscard]] std::string label_of(const stream_graph& graph, node_id id);

} // namespace flow
