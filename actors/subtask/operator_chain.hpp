#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/messages/task_plan.hpp"
#include "libflow/api/node_code.hpp"

namespace flow {

/// Where the ports of a chain send: (port, channel, sequence, element).
using port_send = std::function<void(std::size_t, std::size_t, std::uint64_t,
                                     stream_element&&)>;

/// The operators of one subtask, wired to each other and to the output ports.
/// Ports are numbered as the vertex's `outputs`.
/// @thread the subtask's
class operator_chain {
public:
  operator_chain(const task_place& place, port_send send);
  ~operator_chain();

  void open(const operator_context& context);
  void close() noexcept;

  [[nodiscard]] operator_base& head() { return *operators_.front(); }
  /// Null when the chain does not begin with a source.
  [[nodiscard]] source_operator_base* source() const { return source_; }

  [[nodiscard]] std::size_t size() const { return operators_.size(); }
  [[nodiscard]] operator_base& at(std::size_t i) { return *operators_[i]; }
  [[nodiscard]] const operator_base& at(std::size_t i) const {
    return *operators_[i];
  }

  [[nodiscard]] std::size_t port_count() const { return ports_.size(); }
  [[nodiscard]] output_port& port(std::size_t i) { return *ports_[i]; }
  [[nodiscard]] const output_port& port(std::size_t i) const {
    return *ports_[i];
  }

  /// True while an operator waits for room or a port has an overdraft: the
  /// chain must get no input, no timer and grant no credit.
  [[nodiscard]] bool blocked() const;

  /// True while an operator has work left of what it was given.
  [[nodiscard]] bool pending() const;

  /// True while an operator waits for somebody outside, who will wake the task,
  /// or for its deadline.
  [[nodiscard]] bool waiting() const;

  /// Lets waiting operators go on, from the last to the first.
  /// @return true when nothing waits any more
  bool resume();

  /// True when a port has more than it may send.
  [[nodiscard]] bool overdraft() const;

  /// Seals what is open on all ports and sends `element` on every channel.
  void broadcast(const stream_element& element);

private:
  class port_sink;

  void make_ports(const task_place& place, const port_send& send);
  void make_operators(const job_vertex& vertex);
  receiver_base& output_of(const job_vertex& vertex, std::size_t index);
  void bind_side_outputs(const job_vertex& vertex, std::size_t index);
  std::vector<receiver_base*> targets_of(const job_vertex& vertex,
                                         std::size_t index,
                                         const std::optional<std::string>& tag);

  std::shared_ptr<const execution_graph> graph_;
  const job_vertex* vertex_; // of graph_
  std::vector<std::unique_ptr<port_sink>> sinks_;
  std::vector<std::unique_ptr<output_port>> ports_;
  std::vector<std::unique_ptr<receiver_base>> joints_; // fan-outs, nulls
  std::vector<std::unique_ptr<operator_base>> operators_;
  source_operator_base* source_ = nullptr; // head of operators_, or null
};

} // namespace flow
