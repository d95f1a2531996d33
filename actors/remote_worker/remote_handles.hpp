#pragma once

#include "actors/messages/deploy_messages.hpp"
#include "actors/messages/worker_messages.hpp"

/// Handles of what lives in a worker process: they take the messages of a job
/// manager and pass them to the actor of that worker.
///
///   (order_atom, worker_message)                    handle -> remote worker
///   (ask_atom, task, attempt) -> task_explanation   the same
namespace flow {

FLOW_ATOM(order)
FLOW_ATOM(ask)

/// Stands for one subtask. Owner: the remote worker actor; ends with the task.
class remote_subtask final : public caf::event_based_actor {
public:
  remote_subtask(caf::actor_config& config, caf::actor worker,
                 std::uint32_t task, std::uint32_t attempt);

  [[nodiscard]] const char* name() const override { return "remote_subtask"; }
  void on_exit() override { worker_ = {}; }

protected:
  caf::behavior make_behavior() override;

private:
  void order(task_action action);
  void order(checkpoint_action action, const checkpoint_barrier& barrier);
  void on_connect(const task_wiring& wiring);

  caf::actor worker_;
  const std::uint32_t task_;
  const std::uint32_t attempt_;
};

/// Stands for the coordinator of one source.
class remote_coordinator final : public caf::event_based_actor {
public:
  remote_coordinator(caf::actor_config& config, caf::actor worker,
                     std::uint32_t vertex, std::uint32_t attempt);

  [[nodiscard]] const char* name() const override {
    return "remote_coordinator";
  }
  void on_exit() override { worker_ = {}; }

protected:
  caf::behavior make_behavior() override;

private:
  void order(checkpoint_action action, const checkpoint_barrier& barrier);
  void on_readers(const source_readers& readers);

  caf::actor worker_;
  const std::uint32_t vertex_;
  const std::uint32_t attempt_;
};

} // namespace flow
