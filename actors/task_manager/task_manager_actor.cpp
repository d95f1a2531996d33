#include "actors/task_manager/task_manager_actor.hpp"

#include "actors/source_coordinator/source_coordinator_actor.hpp"
#include "actors/subtask/subtask_actor.hpp"
#include "libflow/api/node_code.hpp"

namespace flow {

namespace {

/// Whether any operator of the chain may block its thread.
bool blocks(const job_vertex& vertex) {
  for (const auto& each : vertex.operators)
    if (code_of(each).blocking())
      return true;
  return false;
}

} // namespace

task_manager_actor::task_manager_actor(caf::actor_config& config,
                                       worker_context shared,
                                       caf::actor resource_manager,
                                       std::uint32_t worker,
                                       std::uint32_t slot_count)
  : caf::event_based_actor(config), shared_(shared) {
  set_default_handler(caf::drop);
  set_down_handler([this](caf::down_msg& down) { on_down(down); });
  send(resource_manager, offer_atom::value, worker, slot_count,
       caf::actor_cast<caf::actor>(this));
}

caf::behavior task_manager_actor::make_behavior() {
  return {
    [this](deploy_atom, const deploy_task& what) { on_deploy(what); },
    [this](deploysrc_atom, const deploy_coordinator& what) {
      on_deploy_coordinator(what);
    },
    [this](cancel_atom) { quit(); },
  };
}

void task_manager_actor::on_exit() {
  subtasks_.clear();
}

void task_manager_actor::on_deploy(const deploy_task& what) {
  const caf::actor subtask
    = blocks(what.place.vertex())
        ? spawn<subtask_actor, caf::detached>(what, shared_)
        : spawn<subtask_actor>(what, shared_);
  monitor(subtask);
  subtasks_[subtask.address()]
    = {what.task, what.place.attempt, what.job_manager, subtask};
  send(what.job_manager, deployed_atom::value, what.task, what.place.attempt,
       subtask);
}

void task_manager_actor::on_deploy_coordinator(
  const deploy_coordinator& what) {
  const job_vertex& vertex = what.graph->job().vertex(what.vertex);
  const caf::actor coordinator = spawn<source_coordinator_actor, caf::detached>(
    code_of(vertex.head()).make_coordinator(), vertex.parallelism);
  send(what.job_manager, coordready_atom::value, index_of(what.vertex),
       what.attempt, coordinator);
}

void task_manager_actor::on_down(const caf::down_msg& down) {
  const auto found = subtasks_.find(down.source);
  if (found == subtasks_.end())
    return;
  const watched gone = std::move(found->second);
  subtasks_.erase(found);
  if (down.reason == caf::exit_reason::normal)
    return; // it has reported its end itself
  send(gone.job_manager, taskstate_atom::value,
       task_report{gone.task, gone.attempt, task_state::failed,
                   error{error_code::user_function,
                         "subtask " + std::to_string(gone.task)
                           + " died: " + to_string(down.reason)}});
}

} // namespace flow
