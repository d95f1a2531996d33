#pragma once

#include <caf/actor_system.hpp>
#include <caf/scheduled_actor.hpp>

#include "actors/messages/checkpoint_messages.hpp"
#include "actors/messages/data_messages.hpp"

namespace flow::sim {

/// What the next message of an actor is, as far as faults and checkers care.
enum class message_kind {
  other,
  element,         ///< of a channel
  completed,       ///< a checkpoint is complete
  aborted,         ///< a checkpoint is given up
  acknowledgement, ///< what a subtask says of a checkpoint
  at_end,          ///< a subtask waits for its last checkpoint
};

struct next_message {
  message_kind kind = message_kind::other;
  std::uint32_t channel = 0;               ///< of an element
  const stream_element* element = nullptr; ///< valid until the actor runs
  std::uint64_t checkpoint_id = 0;         ///< of completed and aborted
};

/// Looks at the message that an actor will take next. An actor without one has
/// `other`.
[[nodiscard]] next_message peek(caf::scheduled_actor& actor);

/// Takes that message away unread.
void drop_next(caf::scheduled_actor& actor);

/// A copy of that message, which has no sender.
[[nodiscard]] caf::message copy_next(caf::scheduled_actor& actor);

/// That message as text, for a trace.
[[nodiscard]] std::string describe_next(caf::scheduled_actor& actor);

} // namespace flow::sim
