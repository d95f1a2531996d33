#include "actors/resource_manager/resource_manager_actor.hpp"

#include "actors/messages/deploy_messages.hpp"
#include "actors/messages/source_messages.hpp"

namespace flow {

resource_manager_actor::resource_manager_actor(caf::actor_config& config)
  : caf::event_based_actor(config) {
  set_default_handler(caf::drop);
  set_down_handler([this](caf::down_msg& down) { on_down(down); });
}

caf::behavior resource_manager_actor::make_behavior() {
  return {
    [this](offer_atom, std::uint32_t worker, std::uint32_t slot_count,
           const caf::actor& task_manager) {
      on_offer(worker, slot_count, task_manager);
    },
    [this](slots_atom, const slot_requests& wanted) { on_request(wanted); },
    [this](giveback_atom, const slot_grant& grant) {
      pool_.release(grant.slots);
    },
    [this](cancel_atom) { quit(); },
  };
}

void resource_manager_actor::on_offer(std::uint32_t worker,
                                      std::uint32_t slot_count,
                                      const caf::actor& task_manager) {
  monitor(task_manager);
  workers_[worker] = task_manager;
  pool_.add_worker(worker, slot_count);
}

void resource_manager_actor::on_request(const slot_requests& wanted) {
  const auto job_manager = caf::actor_cast<caf::actor>(current_sender());
  auto slots = pool_.allocate(wanted.requests);
  if (!slots) {
    send(job_manager, refused_atom::value, slots.error());
    return;
  }
  slot_grant grant{std::move(*slots), {}};
  for (const auto& of_request : grant.slots)
    for (const slot_ref& slot : of_request) {
      if (grant.workers.size() <= slot.worker)
        grant.workers.resize(slot.worker + 1);
      grant.workers[slot.worker] = workers_.at(slot.worker);
    }
  send(job_manager, granted_atom::value, std::move(grant));
}

void resource_manager_actor::on_down(const caf::down_msg& down) {
  for (auto it = workers_.begin(); it != workers_.end(); ++it)
    if (it->second.address() == down.source) {
      pool_.remove_worker(it->first);
      workers_.erase(it);
      return;
    }
}

} // namespace flow
