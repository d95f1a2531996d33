#include "actors/subtask/operator_chain.hpp"

#include <algorithm>
#include <map>

namespace flow {

/// Gives a port its number.
class operator_chain::port_sink final : public channel_sink {
public:
  port_sink(std::size_t port, port_send send)
    : port_(port), send_(std::move(send)) {}

  void send(std::size_t channel, std::uint64_t sequence,
            stream_element&& element) override {
    send_(port_, channel, sequence, std::move(element));
  }

private:
  std::size_t port_;
  port_send send_;
};

namespace {

const exchange_code& exchange_of(const std::shared_ptr<const edge_code>& code) {
  return static_cast<const exchange_code&>(*code);
}

} // namespace

operator_chain::operator_chain(const task_place& place, port_send send)
  : graph_(place.graph), vertex_(&place.vertex()) {
  make_ports(place, send);
  make_operators(place.vertex());
}

operator_chain::~operator_chain() = default;

void operator_chain::make_ports(const task_place& place,
                                const port_send& send) {
  const auto& job = place.graph->job();
  for (const edge_id id : place.vertex().outputs) {
    const job_edge& edge = job.edge(id);
    const auto channels = place.graph->outputs_of(place.id, id);
    const port_plan plan{
      .how = edge.how,
      .channels = static_cast<std::uint32_t>(channels.size()),
      .subtask = place.id.index,
      .max_parallelism = job.vertex(edge.to).max_parallelism,
      .operator_name = place.vertex().operators[edge.from_operator].name,
    };
    sinks_.push_back(std::make_unique<port_sink>(ports_.size(), send));
    ports_.push_back(exchange_of(edge.code).make_port(plan, *sinks_.back()));
  }
}

/// From the last operator to the first: each needs the receivers behind it.
void operator_chain::make_operators(const job_vertex& vertex) {
  operators_.resize(vertex.operators.size());
  for (std::size_t i = operators_.size(); i-- > 0;) {
    const job_operator& described = vertex.operators[i];
    receiver_base& out = output_of(vertex, i);
    operators_[i] = code_of(described).make(described.name, out);
    bind_side_outputs(vertex, i);
  }
  source_ = dynamic_cast<source_operator_base*>(operators_.front().get());
}

std::vector<receiver_base*>
operator_chain::targets_of(const job_vertex& vertex, std::size_t index,
                           const std::optional<std::string>& tag) {
  std::vector<receiver_base*> result;
  for (const auto& edge : vertex.chained)
    if (edge.from == index && edge.side_output == tag)
      result.push_back(&operators_[edge.to]->input(0));
  for (std::size_t port = 0; port < vertex.outputs.size(); ++port) {
    const job_edge& edge = graph_->job().edge(vertex.outputs[port]);
    if (edge.from_operator == index && edge.side_output == tag)
      result.push_back(&ports_[port]->input());
  }
  return result;
}

receiver_base& operator_chain::output_of(const job_vertex& vertex,
                                         std::size_t index) {
  const record_type* type = code_of(vertex.operators[index]).out_type();
  const auto targets = targets_of(vertex, index, std::nullopt);
  if (targets.size() == 1)
    return *targets.front();
  if (type == nullptr || targets.empty())
    joints_.push_back(type == nullptr ? std::make_unique<null_receiver<char>>()
                                      : type->make_null());
  else
    joints_.push_back(type->make_fan_out(targets));
  return *joints_.back();
}

void operator_chain::bind_side_outputs(const job_vertex& vertex,
                                       std::size_t index) {
  std::map<std::string, const record_type*> tags;
  for (const auto& edge : vertex.chained)
    if (edge.from == index && edge.side_output)
      tags[*edge.side_output] = &exchange_of(edge.code).type();
  for (const edge_id id : vertex.outputs) {
    const job_edge& edge = graph_->job().edge(id);
    if (edge.from_operator == index && edge.side_output)
      tags[*edge.side_output] = &exchange_of(edge.code).type();
  }
  for (const auto& [tag, type] : tags) {
    auto targets = targets_of(vertex, index, tag);
    if (targets.size() > 1) {
      joints_.push_back(type->make_fan_out(targets));
      targets = {joints_.back().get()};
    }
    type->bind_side_output(*operators_[index], tag, *targets.front());
  }
}

void operator_chain::open(const operator_context& context) {
  // Tail first: an operator may emit as soon as it is open.
  for (std::size_t i = operators_.size(); i-- > 0;) {
    operator_context own = context;
    own.place.operator_name = operators_[i]->name();
    own.place.operator_id = to_string(vertex_->operators[i].id);
    own.stamps_arrival = vertex_->operators[i].node.stamps_arrival;
    operators_[i]->open(own);
  }
}

/// User code may throw; what it throws is of no use to anybody any more.
void operator_chain::close() noexcept {
  for (auto& each : operators_) {
    try {
      each->close();
    } catch (...) {
      continue; // the others still have to be closed
    }
  }
}

bool operator_chain::overdraft() const {
  return std::any_of(ports_.begin(), ports_.end(),
                     [](const auto& port) { return port->channels().full(); });
}

bool operator_chain::blocked() const {
  return overdraft() || pending();
}

bool operator_chain::pending() const {
  return std::any_of(operators_.begin(), operators_.end(),
                     [](const auto& each) { return each->pending(); });
}

bool operator_chain::waiting() const {
  // What is pending before the last one waits for it.
  const auto last =
    std::find_if(operators_.rbegin(), operators_.rend(),
                 [](const auto& each) { return each->pending(); });
  return last != operators_.rend() && (*last)->waiting();
}

bool operator_chain::resume() {
  for (std::size_t i = operators_.size(); i-- > 0;)
    if (operators_[i]->pending())
      operators_[i]->resume();
  return !blocked();
}

void operator_chain::broadcast(const stream_element& element) {
  for (auto& port : ports_)
    port->broadcast(element);
}

} // namespace flow
