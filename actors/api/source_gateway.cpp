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
    [this](resume_atom) { on_resume(); },
    [this](settled_atom, std::uint64_t count) { on_settled(count); },
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
  const auto& from = current_sender();
  if (!from)
    return;
  attach(from);
  if (queue_->closed())
    send(caf::actor_cast<caf::actor>(from), source_closed{id()});
}

void source_gateway::on_batch(source_batch& batch) {
  const auto& from = current_sender();
  if (!from)
    return; // flow::send always names its sender
  attach(from);
  if (const auto why = queue_->offer(from->id(), batch))
    send(caf::actor_cast<caf::actor>(from),
         source_refused{id(), *why, batch.number, std::move(batch.values)});
  else if (queue_->delivery() == actor_delivery::exactly_once)
    on_taken(); // what was dropped makes room without the reader
}

void source_gateway::on_taken() {
  for (const auto& grant : queue_->due_grants())
    if (const auto to = senders_.find(grant.to); to != senders_.end())
      send(to->second, source_credit{id(), grant.credits});
}

void source_gateway::on_resume() {
  for (const auto& [who, to] : senders_)
    tell_resume(to);
}

void source_gateway::on_settled(std::uint64_t count) {
  for (const auto& [who, to] : senders_)
    send(to, source_acknowledged{id(), count});
}

void source_gateway::tell_resume(const caf::actor& to) {
  const auto next = queue_->expected_next();
  send(to, source_resume{id(), next.next, next.epoch, queue_->window()});
}

/// Every sender hears of it once, however often it is closed.
void source_gateway::on_close() {
  queue_->close();
  if (std::exchange(told_closed_, true))
    return;
  for (const auto& [who, to] : senders_)
    send(to, source_closed{id()});
}

void source_gateway::on_over() {
  for (auto& left : queue_->abandon())
    if (const auto to = senders_.find(left.from); to != senders_.end())
      send(to->second, source_refused{id(), refusal::closed, left.number,
                                      std::move(left.values)});
  on_close();
  senders_.clear();
}

void source_gateway::on_down(const caf::down_msg& down) {
  queue_->detach(down.source.id());
  senders_.erase(down.source.id());
}

void source_gateway::attach(const caf::strong_actor_ptr& from) {
  const auto who = caf::actor_cast<caf::actor>(from);
  const std::uint32_t window = queue_->attach(who.id());
  if (window == 0)
    return; // known, or closed
  senders_[who.id()] = who;
  monitor(who);
  if (queue_->delivery() == actor_delivery::at_most_once)
    send(who, source_credit{id(), window});
  else
    tell_resume(who);
}

} // namespace flow
