#pragma once

#include <map>

#include "actors/messages/resource_messages.hpp"

namespace flow {

/// Knows the workers and their slots; gives slots to job managers.
/// Decisions: flow::slot_pool. A worker that dies takes its slots with it.
class resource_manager_actor final : public caf::event_based_actor {
public:
  explicit resource_manager_actor(caf::actor_config& config);

  [[nodiscard]] const char* name() const override { return "resource_manager"; }

  /// Lets go of the handles, so that actors that know each other do not keep
  /// each other alive.
  void on_exit() override;

protected:
  caf::behavior make_behavior() override;

private:
  void on_offer(std::uint32_t worker, std::uint32_t slot_count,
                const caf::actor& task_manager);
  void on_request(const slot_requests& wanted);
  void on_down(const caf::down_msg& down);

  slot_pool pool_;
  std::map<std::uint32_t, caf::actor> workers_;
};

} // namespace flow
