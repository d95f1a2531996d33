#pragma once

#include <deque>
#include <memory>
#include <set>
#include <string>

#include "actors/api/delivery_window.hpp"
#include "actors/messages/bridge_messages.hpp"
#include "actors/support/caf.hpp"

namespace flow {

/// Carries the batches of one sink writer to the receiver: at most `most` at a
/// time without an acknowledgement, in order; watches the receiver.
/// Owner: the writer, which tells it when its task has ended.
class courier_actor final : public caf::event_based_actor {
public:
  courier_actor(caf::actor_config& config, caf::actor receiver,
                std::string receiver_name, std::uint32_t most,
                std::shared_ptr<delivery_window> window);

  [[nodiscard]] const char* name() const override { return "courier"; }
  void on_exit() override;

protected:
  caf::behavior make_behavior() override;

private:
  void on_batch(outgoing_batch& batch);
  void on_ack(const delivery_ack& ack);
  void on_down(const caf::down_msg& down);
  void deliver();

  caf::actor receiver_;
  const std::string receiver_name_;
  const std::uint32_t most_;
  std::shared_ptr<delivery_window> window_;
  std::deque<outgoing_batch> waiting_;
  std::set<std::uint64_t> under_way_; ///< not acknowledged, by sequence
};

} // namespace flow
