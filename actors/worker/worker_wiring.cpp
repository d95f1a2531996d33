#include <algorithm>

#include "actors/messages/data_messages.hpp"
#include "actors/worker/worker_actor.hpp"
#include "libflow/api/node_code.hpp"

/// How a worker gives the channels of its subtasks their ways.
namespace flow {

namespace {

/// So long a subtask waits for a link to another worker.
constexpr std::chrono::seconds link_timeout{10};

/// Gives a subtask what a link brings on one of its channels.
class subtask_end final : public channel_end {
public:
  /// @param port and channel as the subtask counts
  subtask_end(caf::actor subtask, std::uint32_t port, std::uint32_t channel)
    : subtask_(std::move(subtask)), port_(port), channel_(channel) {}

  void on_element(std::uint64_t sequence, stream_element&& element) override {
    caf::anon_send(subtask_, channel_, sequence, std::move(element));
  }
  void on_credit(std::uint32_t credits) override {
    caf::anon_send(subtask_, credit_atom::value, port_, channel_, credits);
  }
  void on_broken(const error& why) override {
    caf::anon_send(subtask_, linkfail_atom::value, why);
  }

private:
  const caf::actor subtask_;
  const std::uint32_t port_;
  const std::uint32_t channel_;
};

const batch_codec& codec_of(const job_edge& edge) {
  return static_cast<const exchange_code&>(*edge.code).codec();
}

} // namespace
void worker_actor::handle(const wiring_order& order) {
  local_task* to = find(order.task, order.attempt);
  if (to == nullptr)
    return; // it has reported its end
  if (linked(order)) {
    wire(order, *to);
    return;
  }
  parked_.push_back(order);
  delayed_send(this, link_timeout, wirelate_atom::value, order.task,
               order.attempt);
}

caf::actor worker_actor::local(std::uint32_t task) const {
  const auto found = tasks_.find(task);
  return found == tasks_.end() ? caf::actor{} : found->second.subtask;
}

bool worker_actor::linked(const wiring_order& order) const {
  const auto there = [this](std::uint32_t worker) {
    const auto found = peers_.find(worker);
    return worker == setup_.worker
           || (found != peers_.end() && found->second.data
               && found->second.control && found->second.data->open());
  };
  for (const auto& port : order.outputs)
    for (const auto& each : port)
      if (!there(each.worker))
        return false;
  return std::all_of(order.inputs.begin(), order.inputs.end(),
                     [&](const auto& each) { return there(each.worker); })
         && (!order.coordinator || there(*order.coordinator));
}

void worker_actor::wire(const wiring_order& order, local_task& to) {
  to.coordinator_worker = order.coordinator.value_or(setup_.worker);
  auto wiring = wiring_of(order, to.subtask);
  if (!wiring) {
    fail(order.task, order.attempt,
         {error_code::corrupt_data, "a wiring that does not fit the job"});
    return;
  }
  send(to.subtask, connect_atom::value,
       std::shared_ptr<const task_wiring>{std::move(wiring)});
  if (!linked(order)) // a link has ended before it knew of the channels
    fail(order.task, order.attempt,
         {error_code::io, "a link to another worker has ended"});
}

void worker_actor::wire_parked() {
  auto waiting = std::move(parked_);
  parked_.clear();
  for (const wiring_order& order : waiting) {
    local_task* to = find(order.task, order.attempt);
    if (to == nullptr)
      continue;
    if (linked(order))
      wire(order, *to);
    else
      parked_.push_back(order);
  }
}

/// Whether the order names the channels that the graph has.
bool worker_actor::fits(const wiring_order& order) const {
  const subtask_id id = ids_[order.task];
  const auto& ports = setup_.graph->vertex(id.vertex).outputs;
  const auto is = [this](std::uint32_t task, subtask_id wanted) {
    return task < ids_.size() && ids_[task] == wanted;
  };
  const auto fits_output = [&](const auto& each, const auto& channel) {
    return is(each.task, channel.consumer)
           && each.input_channel == channel.input_channel;
  };
  const auto fits_input = [&](const auto& each, const auto& channel) {
    const auto& of = setup_.graph->vertex(channel.producer.vertex).outputs;
    return is(each.task, channel.producer) && each.port < of.size()
           && of[each.port] == channel.edge
           && each.output_channel == channel.output_channel;
  };
  if (order.outputs.size() != ports.size())
    return false;
  for (std::size_t port = 0; port < ports.size(); ++port)
    if (!std::ranges::equal(order.outputs[port],
                            graph_->outputs_of(id, ports[port]), fits_output))
      return false;
  return std::ranges::equal(order.inputs, graph_->inputs_of(id), fits_input);
}

/// Null if the order does not fit the graph.
/// @pre linked(order)
std::shared_ptr<task_wiring>
worker_actor::wiring_of(const wiring_order& order, const caf::actor& subtask) {
  const subtask_id id = ids_[order.task];
  const job_vertex& vertex = setup_.graph->vertex(id.vertex);
  const auto inputs = graph_->inputs_of(id);
  if (!fits(order))
    return nullptr;
  auto result = std::make_shared<task_wiring>();
  for (std::uint32_t port = 0; port < order.outputs.size(); ++port) {
    auto& channels = result->outputs.emplace_back();
    const job_edge& edge = setup_.graph->edge(vertex.outputs[port]);
    for (const auto& each : order.outputs[port]) {
      const auto number = static_cast<std::uint32_t>(channels.size());
      auto& to = channels.emplace_back();
      to.input_channel = each.input_channel;
      if (each.worker == setup_.worker)
        to.subtask = local(each.task);
      else
        to.way = setup_.channels->add_producer(
          {order.task, order.attempt,
           numbers_.of(each.task, each.input_channel)},
          peers_[each.worker].data, codec_of(edge),
          std::make_shared<subtask_end>(subtask, port, number));
    }
  }
  for (std::uint32_t channel = 0; channel < order.inputs.size(); ++channel) {
    const auto& each = order.inputs[channel];
    const job_edge& edge = setup_.graph->edge(inputs[channel].edge);
    auto& from = result->inputs.emplace_back();
    from.port = each.port;
    from.output_channel = each.output_channel;
    if (each.worker == setup_.worker)
      from.subtask = local(each.task);
    else
      from.way = setup_.channels->add_consumer(
        {order.task, order.attempt, numbers_.of(order.task, channel)},
        peers_[each.worker].data, codec_of(edge),
        std::make_shared<subtask_end>(subtask, 0, channel),
        edge.how == partitioning::hash ? std::optional{hashes_of(
          graph_->key_groups_of(id), vertex.max_parallelism)}
                                       : std::nullopt);
  }
  if (order.coordinator) {
    const auto found = coordinators_.find(index_of(id.vertex));
    result->coordinator = *order.coordinator != setup_.worker ? self_handle()
                          : found != coordinators_.end()
                            ? found->second.coordinator
                            : caf::actor{};
  }
  return result;
}

void worker_actor::fail(std::uint32_t task, std::uint32_t attempt, error why) {
  const bool waits =
    std::any_of(parked_.begin(), parked_.end(), [&](const auto& order) {
      return order.task == task && order.attempt == attempt;
    });
  const local_task* to = find(task, attempt);
  if (to == nullptr)
    return;
  if (why.code == error_code::timed_out && !waits)
    return; // its links came in time
  send(to->subtask, linkfail_atom::value, std::move(why));
}

} // namespace flow
