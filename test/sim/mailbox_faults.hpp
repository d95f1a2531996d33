#pragma once

#include <caf/actor_system.hpp>
#include <caf/scheduled_actor.hpp>

#include "actors/messages/checkpoint_messages.hpp"
#include "actors/messages/data_messages.hpp"
#include "actors/messages/deploy_messages.hpp"

namespace flow::sim {

/// What the next message of an actor is, as far as faults and checkers care.
enum class message_kind {
  other,
  element,         ///< of a channel
  completed,       ///< a checkpoint is complete
  aborted,         ///< a checkpoint is given up
  state,           ///< what a subtask says of itself
  acknowledgement, ///< what it says of a checkpoint
  decline,         ///< the same, of one that it cannot take
  at_end,          ///< it waits for its last checkpoint, or has finished
  decision,        ///< of the checkpoint coordinator
  attempt_runs,    ///< all subtasks do
  attempt_ends,    ///< they are told to give up, or the job is over
};

/// Whether it comes from a subtask, for the job manager.
[[nodiscard]] constexpr bool is_report(message_kind kind) noexcept {
  return kind >= message_kind::state && kind <= message_kind::at_end;
}

struct next_message {
  message_kind kind = message_kind::other;
  std::uint32_t channel = 0;       ///< of an element
  std::uint32_t attempt = 0;       ///< of a report
  std::uint64_t checkpoint_id = 0; ///< of completed, aborted and decline
  // Valid until the actor runs.
  const stream_element* element = nullptr;
  const error* cause = nullptr; ///< of a state, why the subtask failed
  const checkpoint_step* decision = nullptr;
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
