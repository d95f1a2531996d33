#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libflow/graph/execution_graph.hpp"
#include "libflow/graph/job_graph.hpp"
#include "libflow/graph/stream_graph.hpp"

namespace flow::test {

/// Writes stream graphs in few words. All records are of type "int".
///
///     graph_builder job;
///     job.source("read").then("parse").key_by().reduce("count").sink("out");
class graph_builder {
public:
  /// A stream: the output of a node, with what the next edge is to be.
  class stream {
  public:
    stream(graph_builder& owner, node_id node) : owner_(&owner), node_(node) {}

    [[nodiscard]] stream by(partitioning how) const {
      auto result = *this;
      result.how_ = how;
      return result;
    }
    [[nodiscard]] stream key_by() const { return by(partitioning::hash); }
    [[nodiscard]] stream side(std::string tag) const {
      auto result = *this;
      result.side_ = std::move(tag);
      return result;
    }
    [[nodiscard]] stream awaited() const {
      auto result = *this;
      result.wait_for_ = true;
      return result;
    }

    stream then(const std::string& name,
                operator_kind kind = operator_kind::map,
                input_rule rule = input_rule::any) const {
      return owner_->join(name, kind, {{*this, rule}});
    }
    stream reduce(const std::string& name) const {
      return then(name, operator_kind::reduce, input_rule::keyed);
    }
    stream sink(const std::string& name) const {
      return then(name, operator_kind::sink);
    }

    /// The node, to change what was written: `s.node().uid = "count"`.
    [[nodiscard]] stream_node& node() const {
      return owner_->graph.node(node_);
    }
    stream uid(std::string text) const {
      node().uid = std::move(text);
      return *this;
    }
    stream parallelism(int p) const {
      node().parallelism = p;
      return *this;
    }
    stream chaining(chaining_strategy strategy) const {
      node().chaining = strategy;
      return *this;
    }
    stream group(std::string name) const {
      node().slot_sharing_group = std::move(name);
      return *this;
    }
    stream guarantee(delivery_guarantee level, std::string reason) const {
      node().guarantee = {level, std::move(reason)};
      return *this;
    }
    stream note(std::string key, std::string value) const {
      node().notes.emplace_back(std::move(key), std::move(value));
      return *this;
    }

  private:
    friend class graph_builder;

    graph_builder* owner_;
    node_id node_;
    std::optional<partitioning> how_;
    std::optional<std::string> side_;
    bool wait_for_ = false;
  };

  struct input {
    stream from;
    input_rule rule = input_rule::any;
    std::vector<stream> with = {}; ///< united with `from`
  };

  explicit graph_builder(int parallelism = 1, std::string name = "test") {
    graph.options().job_name = std::move(name);
    graph.options().parallelism = parallelism;
  }

  stream source(const std::string& name) {
    return add(name, operator_kind::source, {});
  }

  /// A node that nothing is connected to.
  stream add(const std::string& name, operator_kind kind,
             std::vector<node_input> inputs) {
    stream_node node;
    node.kind = kind;
    node.name = name;
    node.inputs = std::move(inputs);
    node.out_type = kind == operator_kind::sink ? "" : "int";
    node.stateful =
      kind == operator_kind::reduce || kind == operator_kind::window;
    return {*this, graph.add_node(std::move(node))};
  }

  stream join(const std::string& name, operator_kind kind,
              const std::vector<input>& inputs) {
    std::vector<node_input> types;
    for (const auto& one : inputs)
      types.push_back({"int", one.rule});
    const auto joined = add(name, kind, types);
    for (std::uint32_t i = 0; i < inputs.size(); ++i) {
      connect(inputs[i].from, joined, i);
      for (const auto& other : inputs[i].with)
        connect(other, joined, i);
    }
    return joined;
  }

  void connect(const stream& from, const stream& to, std::uint32_t at) {
    stream_edge edge;
    edge.from = from.node_;
    edge.to = to.node_;
    edge.input = at;
    edge.how = from.how_;
    edge.type = "int";
    edge.side_output = from.side_;
    edge.wait_for = from.wait_for_;
    graph.add_edge(std::move(edge));
  }

  [[nodiscard]] std::shared_ptr<const job_graph> job() const {
    auto built = build_job_graph(graph);
    REQUIRE_MESSAGE(built.has_value(),
                    (built ? std::string{} : built.error().text));
    return std::make_shared<const job_graph>(std::move(built).value());
  }
  [[nodiscard]] execution_graph execution() const {
    return execution_graph(job());
  }

  stream_graph graph;
};

} // namespace flow::test
