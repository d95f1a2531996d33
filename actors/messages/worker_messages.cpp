#include "actors/messages/worker_messages.hpp"

#include "libflow/core/codec.hpp"

namespace flow {

namespace {

bool known(task_action action) {
  return action <= task_action::give_up;
}

bool known(const checkpoint_barrier& barrier) {
  return barrier.kind <= barrier_kind::savepoint;
}

/// Enums may hold any number after decoding.
bool sound(const worker_message& what) {
  if (const auto* order = std::get_if<checkpoint_order>(&what))
    return order->action <= checkpoint_action::aborted && known(order->barrier);
  if (const auto* trigger = std::get_if<reader_trigger>(&what))
    return known(trigger->barrier);
  if (const auto* ack = std::get_if<checkpoint_ack>(&what))
    return ack->state.stage <= subtask_stage::finished;
  if (const auto* order = std::get_if<task_order>(&what))
    return known(order->action);
  if (const auto* changed = std::get_if<task_changed>(&what)) {
    const task_report& report = changed->report;
    return static_cast<std::size_t>(report.state) < task_state_count
           && (report.state != task_state::failed || report.cause);
  }
  return true;
}

} // namespace

byte_string encode(const worker_message& what) {
  byte_string result;
  {
    byte_writer out{result};
    codec<worker_message>::encode(what, out);
  }
  return result;
}

expected<worker_message>
decode_worker_message(std::span<const std::byte> bytes) {
  byte_reader in{bytes};
  worker_message what;
  if (!codec<worker_message>::decode(in, what) || !in.finished()
      || !sound(what))
    return error{error_code::corrupt_data,
                 "a message between processes of the job is damaged"};
  return what;
}

} // namespace flow
