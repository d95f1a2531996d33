#include "actors/source_coordinator/source_coordinator_actor.hpp"

#include "actors/messages/deploy_messages.hpp"

namespace flow {

source_coordinator_actor::source_coordinator_actor(
  caf::actor_config& config, std::unique_ptr<split_coordinator> decisions,
  std::uint32_t parallelism)
  : caf::event_based_actor(config), decisions_(std::move(decisions)),
    opened_(decisions_->open(parallelism)) {
  set_default_handler(caf::drop);
}

caf::behavior source_coordinator_actor::make_behavior() {
  return {
    [this](nextsplit_atom, std::uint32_t subtask) { on_request(subtask); },
    [this](cancel_atom) { quit(); },
  };
}

void source_coordinator_actor::on_request(std::uint32_t subtask) {
  const auto reader = caf::actor_cast<caf::actor>(current_sender());
  if (!opened_) {
    send(reader, splitfail_atom::value, opened_.error());
    return;
  }
  auto next = decisions_->next(subtask);
  if (!next)
    send(reader, splitfail_atom::value, next.error());
  else if (*next)
    send(reader, split_atom::value, split_bytes{std::move(**next)});
  else
    send(reader, nosplits_atom::value);
}

} // namespace flow
