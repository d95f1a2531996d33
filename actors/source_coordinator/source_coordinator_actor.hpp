#pragma once

#include <memory>

#include "actors/messages/deploy_messages.hpp"
#include "actors/messages/source_messages.hpp"

namespace flow {

/// Hands the splits of one source to its readers, one request at a time. Its
/// state is taken first in a checkpoint; then it hands the trigger on, behind
/// the splits that it has given, so that each split is in one state alone.
/// Owner: the task manager. Decisions: flow::split_coordinator.
class source_coordinator_actor final : public caf::event_based_actor {
public:
  /// @param what whose coordinator it is, and what it starts from
  source_coordinator_actor(caf::actor_config& config,
                           std::unique_ptr<split_coordinator> decisions,
                           deploy_coordinator what);

  [[nodiscard]] const char* name() const override {
    return "source_coordinator";
  }

  /// Lets go of the handles, so that actors that know each other do not keep
  /// each other alive.
  void on_exit() override;

protected:
  caf::behavior make_behavior() override;

private:
  void on_request(std::uint32_t subtask);
  void on_trigger(std::uint32_t attempt, const checkpoint_barrier& barrier);
  expected<void> open();

  std::unique_ptr<split_coordinator> decisions_;
  const deploy_coordinator what_;
  source_readers readers_;
  expected<void> opened_;
};

} // namespace flow
