#include "actors/task_manager/task_manager_actor.hpp"

#include "actors/source_coordinator/source_coordinator_actor.hpp"
#include "actors/subtask/subtask_actor.hpp"
#include "libflow/api/node_code.hpp"

namespace flow {

FLOW_ATOM(watch)

namespace {

/// A step that takes longer is worth a line in the log.
constexpr std::chrono::seconds slow_step{1};

/// How often the task manager looks; wakes a thread once a second while there
/// are subtasks.
constexpr std::chrono::seconds watch_interval{1};

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
    [this](watch_atom) { on_watch(); },
    [this](whereis_atom, std::uint32_t task, std::uint32_t attempt) {
      return where_is(task, attempt);
    },
    [this](giveup_atom, std::uint32_t task, std::uint32_t attempt) {
      on_give_up(task, attempt);
    },
    [this](cancel_atom) { quit(); },
  };
}

void task_manager_actor::on_exit() {
  subtasks_.clear();
}

/// Building the operators copies functions of the author's, which may throw.
void task_manager_actor::on_deploy(const deploy_task& what) {
  auto watch = std::make_shared<step_watch>(what.place);
  caf::actor subtask;
  try {
    subtask =
      blocks(what.place.vertex())
        ? spawn_apart<subtask_actor>(*this, shared_, what, shared_, watch)
        : spawn<subtask_actor>(what, shared_, watch);
  } catch (const std::exception& e) {
    send(what.job_manager, taskstate_atom::value,
         task_report{what.task, what.place.attempt, task_state::failed,
                     error{error_code::user_function,
                           "task \"" + what.place.vertex().name
                             + "\" cannot be built: " + e.what()}});
    return;
  }
  monitor(subtask);
  subtasks_[subtask.address()] = {what.task,        what.place.attempt,
                                  what.job_manager, subtask,
                                  std::move(watch), 0};
  keep_watch();
  send(what.job_manager, deployed_atom::value, what.task, what.place.attempt,
       subtask);
}

void task_manager_actor::on_deploy_coordinator(const deploy_coordinator& what) {
  const job_vertex& vertex = what.graph->job().vertex(what.vertex);
  const caf::actor coordinator = spawn_apart<source_coordinator_actor>(
    *this, shared_, code_of(vertex.head()).make_coordinator(), what);
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

// -- slow steps ---------------------------------------------------------------

void task_manager_actor::keep_watch() {
  if (watching_ || subtasks_.empty())
    return;
  watching_ = true;
  delayed_send(this, watch_interval, watch_atom::value);
}

void task_manager_actor::on_watch() {
  watching_ = false;
  const auto now = shared_.time->steady();
  for (auto& [address, each] : subtasks_) {
    const std::uint64_t number = each.watch->number();
    const auto busy = each.watch->busy_for(now);
    if (!busy || *busy < slow_step || each.reported == number)
      continue;
    each.reported = number;
    log_of(each).warn("in " + each.watch->where() + " for "
                      + std::to_string(*busy / std::chrono::milliseconds{1})
                      + " ms without a pause");
  }
  keep_watch();
}

std::string task_manager_actor::where_is(std::uint32_t task,
                                         std::uint32_t attempt) const {
  const watched* found = find(task, attempt);
  if (found == nullptr)
    return {};
  const auto busy = found->watch->busy_for(shared_.time->steady());
  if (!busy)
    return {};
  return "user code of " + found->watch->where() + ", for "
         + std::to_string(*busy / std::chrono::milliseconds{1}) + " ms";
}

void task_manager_actor::on_give_up(std::uint32_t task, std::uint32_t attempt) {
  const watched* found = find(task, attempt);
  if (found == nullptr)
    return; // it came to its end after all
  log_of(*found).error(found->watch->where()
                       + " ignored its cancel for "
                         "task.cancellation.timeout; this process ends");
  shared_.end_process();
}

const task_manager_actor::watched*
task_manager_actor::find(std::uint32_t task, std::uint32_t attempt) const {
  for (const auto& [address, each] : subtasks_)
    if (each.task == task && each.attempt == attempt)
      return &each;
  return nullptr;
}

logger task_manager_actor::log_of(const watched& about) const {
  const task_place& place = about.watch->place();
  return shared_.log.with({place.graph->job().options().job_name,
                           place.vertex().name, place.id.index, about.attempt});
}

} // namespace flow
