#pragma once

#include <memory>

#include "actors/messages/source_messages.hpp"

namespace flow {

/// Hands the splits of one source to its readers, one request at a time.
/// Owner: the task manager. Decisions: flow::split_coordinator.
class source_coordinator_actor final : public caf::event_based_actor {
public:
  source_coordinator_actor(caf::actor_config& config,
                           std::unique_ptr<split_coordinator> decisions,
                           std::uint32_t parallelism);

  [[nodiscard]] const char* name() const override {
    return "source_coordinator";
  }

protected:
  caf::behavior make_behavior() override;

private:
  void on_request(std::uint32_t subtask);

  std::unique_ptr<split_coordinator> decisions_;
  expected<void> opened_;
};

} // namespace flow
