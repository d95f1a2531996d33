#include "actors/source_coordinator/source_coordinator_actor.hpp"

namespace flow {

source_coordinator_actor::source_coordinator_actor(
  caf::actor_config& config, std::unique_ptr<split_coordinator> decisions,
  deploy_coordinator what)
  : caf::event_based_actor(config), decisions_(std::move(decisions)),
    what_(std::move(what)), opened_(open()) {
  set_default_handler(caf::drop);
}

expected<void> source_coordinator_actor::open() {
  const auto& vertex = what_.graph->job().vertex(what_.vertex);
  if (auto opened = decisions_->open(vertex.parallelism);
      !opened || !what_.restored)
    return opened;
  return decisions_->restore(*what_.restored);
}

caf::behavior source_coordinator_actor::make_behavior() {
  return {
    [this](nextsplit_atom, std::uint32_t subtask) { on_request(subtask); },
    [this](readers_atom, const source_readers& readers) { readers_ = readers; },
    [this](trigger_atom, std::uint32_t attempt,
           const checkpoint_barrier& barrier) { on_trigger(attempt, barrier); },
    [this](ckptdone_atom, std::uint32_t, std::uint64_t id) {
      decisions_->checkpoint_completed(id);
    },
    [this](ckptabort_atom, std::uint32_t, std::uint64_t id) {
      decisions_->checkpoint_aborted(id);
    },
    [this](cancel_atom) { quit(); },
  };
}

void source_coordinator_actor::on_exit() {
  readers_.subtasks.clear();
}

void source_coordinator_actor::on_trigger(std::uint32_t attempt,
                                          const checkpoint_barrier& barrier) {
  if (attempt != what_.attempt)
    return;
  send(what_.job_manager, srcstate_atom::value,
       source_state{index_of(what_.vertex), attempt, barrier.checkpoint_id,
                    opened_ ? decisions_->snapshot() : byte_string{}});
  for (const auto& reader : readers_.subtasks)
    send(reader, trigger_atom::value, attempt, barrier);
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
