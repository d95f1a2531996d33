#pragma once

#include <map>

#include "actors/messages/deploy_messages.hpp"
#include "actors/messages/resource_messages.hpp"
#include "actors/support/worker_context.hpp"

namespace flow {

/// One per worker process: offers its slots, spawns subtasks and source
/// coordinators, and watches them. A subtask that dies without a report is
/// reported as failed.
/// When its job manager dies nothing happens here: the subtasks are cancelled
/// by whoever takes over.
class task_manager_actor final : public caf::event_based_actor {
public:
  task_manager_actor(caf::actor_config& config, worker_context shared,
                     caf::actor resource_manager, std::uint32_t worker,
                     std::uint32_t slot_count);

  [[nodiscard]] const char* name() const override { return "task_manager"; }

protected:
  caf::behavior make_behavior() override;

private:
  struct watched {
    std::uint32_t task = 0;
    std::uint32_t attempt = 0;
    caf::actor job_manager;
    caf::actor subtask; // kept: a subtask without a handle would be destroyed
  };

  void on_deploy(const deploy_task& what);
  void on_deploy_coordinator(const deploy_coordinator& what);
  void on_down(const caf::down_msg& down);

  const worker_context shared_;
  std::map<caf::actor_addr, watched> subtasks_;
};

} // namespace flow
