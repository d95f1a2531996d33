#include "actors/api/source_gateway.hpp"

namespace flow {

source_gateway::source_gateway(caf::actor_config& config,
                               std::shared_ptr<source_queue> queue)
  : caf::event_based_actor(config), queue_(std::move(queue)) {
  set_default_handler(caf::drop);
  set_down_handler([this](caf::down_msg& down) { on_down(down); });
}

caf::behavior source_gateway::make_behavior() {
  return {
    [this](source_batch& batch) { on_batch(batch); },
    [this](taken_atom) { on_taken(); },
    [this](attach_atom) { on_attach(); },
    [this](close_atom) { on_close(); },
    [this](over_atom) { on_over(); },
  };
}

void source_gateway::on_exit() {
  queue_->close();
  senders_.clear();
}

void source_gateway::on_attach() {
  attach(current_sender());
}

void source_gateway::on_batch(source_batch& batch) {
  const auto& from = current_sender();
  if (!from)
    return; // flow::send always names its sender
  attach(from);
  if (const auto why = queue_->offer(from->id(), batch))
    send(caf::actor_cast<caf::actor>(from),
         source_refused{id(), *why, batch.number, std::move(batch.values)});
}

void source_gateway::on_taken() {
  for (const auto& grant : queue_->due_grants())
    if (const auto to = sender_of(grant.to))
      send(to, source_credit{id(), grant.credits});
}

/// Every sender hears of it once, however often it is closed.
void source_gateway::on_close() {
  queue_->close();
  if (std::exchange(told_closed_, true))
    return;
  for (const auto& [who, address] : senders_)
    if (const auto to = caf::actor_cast<caf::actor>(address))
      send(to, source_closed{id()});
}

void source_gateway::on_over() {
  for (auto& left : queue_->abandon())
    if (const auto to = sender_of(left.from))
      send(to, source_refused{id(), refusal::closed, left.number,
                              std::move(left.values)});
  on_close();
}

void source_gateway::on_down(const caf::down_msg& down) {
  queue_->detach(down.source.id());
  senders_.erase(down.source.id());
}

void source_gateway::attach(const caf::strong_actor_ptr& from) {
  if (!from)
    return;
  const auto who = caf::actor_cast<caf::actor>(from);
  const std::uint32_t window = queue_->attach(who.id());
  if (window > 0) {
    senders_[who.id()] = who.address();
    monitor(who);
    send(who, source_credit{id(), window});
  } else if (!senders_.contains(who.id()) && queue_->closed()) {
    send(who, source_closed{id()});
  }
}

caf::actor source_gateway::sender_of(source_queue::sender id) const {
  const auto found = senders_.find(id);
  return found == senders_.end()
           ? caf::actor{}
           : caf::actor_cast<caf::actor>(found->second);
}

} // namespace flow
