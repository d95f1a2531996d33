#pragma once

#include <map>

#include "actors/messages/deploy_messages.hpp"
#include "actors/messages/resource_messages.hpp"
#include "actors/support/step_watch.hpp"
#include "actors/support/worker_context.hpp"

namespace flow {

/// One per worker process: offers its slots, spawns subtasks and source
/// coordinators, and watches them. A subtask that dies without a report is
/// reported as failed.
/// Watches how long their steps take: one of more than a second is logged, and
/// one that has ignored a cancel for task.cancellation.timeout ends the
/// process.
/// When its job manager dies nothing happens here: the subtasks are cancelled
/// by whoever takes over.
class task_manager_actor final : public caf::event_based_actor {
public:
  task_manager_actor(caf::actor_config& config, worker_context shared,
                     caf::actor resource_manager, std::uint32_t worker,
                     std::uint32_t slot_count);

  [[nodiscard]] const char* name() const override { return "task_manager"; }

  /// Lets go of the handles, so that actors that know each other do not keep
  /// each other alive.
  void on_exit() override;

protected:
  caf::behavior make_behavior() override;

private:
  struct watched {
    std::uint32_t task = 0;
    std::uint32_t attempt = 0;
    caf::actor job_manager;
    caf::actor subtask; // kept: a subtask without a handle would be destroyed
    std::shared_ptr<step_watch> watch;
    std::uint64_t reported = 0; // the last step that was logged as slow
  };

  void on_deploy(const deploy_task& what);
  void on_deploy_coordinator(const deploy_coordinator& what);
  void on_down(const caf::down_msg& down);
  void on_watch();
  [[nodiscard]] std::string where_is(std::uint32_t task,
                                     std::uint32_t attempt) const;
  void on_give_up(std::uint32_t task, std::uint32_t attempt);

  void keep_watch();
  [[nodiscard]] const watched* find(std::uint32_t task,
                                    std::uint32_t attempt) const;
  [[nodiscard]] logger log_of(const watched& about) const;

  const worker_context shared_;
  std::map<caf::actor_addr, watched> subtasks_;
  bool watching_ = false;
};

} // namespace flow
