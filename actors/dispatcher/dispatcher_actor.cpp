#include "actors/dispatcher/dispatcher_actor.hpp"

#include "actors/job_manager/job_manager_actor.hpp"

namespace flow {

dispatcher_actor::dispatcher_actor(caf::actor_config& config,
                                   worker_context shared,
                                   caf::actor resource_manager)
  : caf::event_based_actor(config), shared_(shared),
    resource_manager_(std::move(resource_manager)) {
  set_default_handler(caf::drop);
  set_down_handler([this](caf::down_msg& down) { on_down(down); });
}

caf::behavior dispatcher_actor::make_behavior() {
  return {
    [this](submit_atom, const submission& job) { on_submit(job); },
    [this](jobended_atom, const caf::actor& client, const job_end& end) {
      on_job_ended(client, end);
    },
    [this](cancel_atom) { quit(); },
  };
}

void dispatcher_actor::on_exit() {
  jobs_.clear();
  resource_manager_ = {};
}

void dispatcher_actor::on_submit(const submission& job) {
  const caf::actor job_manager = spawn_apart<job_manager_actor>(
    *this, shared_, job, shared_, resource_manager_,
    caf::actor_cast<caf::actor>(this));
  monitor(job_manager);
  jobs_[job_manager.address()] = {job_manager, job.client};
  send(job.client, accepted_atom::value, job_manager);
}

void dispatcher_actor::on_job_ended(const caf::actor& client,
                                    const job_end& end) {
  jobs_.erase(current_sender()->address());
  send(client, jobended_atom::value, end);
}

void dispatcher_actor::on_down(const caf::down_msg& down) {
  const auto found = jobs_.find(down.source);
  if (found == jobs_.end())
    return; // it has reported the end of its job
  job_end end;
  end.outcome = job_outcome::failed;
  end.cause = error{error_code::user_function,
                    "the job manager died: " + to_string(down.reason)};
  send(found->second.client, jobended_atom::value, std::move(end));
  jobs_.erase(found);
}

} // namespace flow
