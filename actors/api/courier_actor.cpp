#include "actors/api/courier_actor.hpp"

#include <algorithm>

namespace flow {

courier_actor::courier_actor(caf::actor_config& config, caf::actor receiver,
                             std::string receiver_name, std::uint32_t most,
                             std::shared_ptr<delivery_window> window)
  : caf::event_based_actor(config), receiver_(std::move(receiver)),
    receiver_name_(std::move(receiver_name)), most_(std::max(most, 1U)),
    window_(std::move(window)) {
  set_default_handler(caf::drop);
  set_down_handler([this](caf::down_msg& down) { on_down(down); });
  monitor(receiver_);
}

caf::behavior courier_actor::make_behavior() {
  return {
    [this](outgoing_batch& batch) { on_batch(batch); },
    [this](const delivery_ack& ack) { on_ack(ack); },
    [this](close_atom) { quit(); },
  };
}

void courier_actor::on_exit() {
  receiver_ = {};
  waiting_.clear();
}

void courier_actor::on_batch(outgoing_batch& batch) {
  waiting_.push_back(std::move(batch));
  deliver();
}

/// One that is not under way was acknowledged before; it counts once.
void courier_actor::on_ack(const delivery_ack& ack) {
  if (under_way_.erase(ack.sequence) == 0)
    return;
  window_->acknowledged();
  deliver();
}

void courier_actor::on_down(const caf::down_msg& down) {
  window_->fail({error_code::user_function,
                 "the receiver \"" + receiver_name_
                   + "\" has ended: " + system().render(down.reason),
                 error_severity::fatal});
}

void courier_actor::deliver() {
  for (; !waiting_.empty() && under_way_.size() < most_; waiting_.pop_front()) {
    under_way_.insert(waiting_.front().sequence);
    send(receiver_, std::move(waiting_.front().content));
  }
}

} // namespace flow
