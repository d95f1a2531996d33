#pragma once

/// The one place that includes CAF and smooths over its version (0.17.6).
/// Everything else under actors/ includes this file.

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/atom.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>

/// Declares an atom `NAME_atom` with the text NAME, at most 10 characters.
#define FLOW_ATOM(name)                                                        \
  using name##_atom = ::caf::atom_constant<::caf::atom(#name)>;

namespace flow {

/// Sends ahead of everything of normal priority in the receiver's mailbox.
template <class Self, class... Args>
void send_urgent(Self* self, const caf::actor& to, Args&&... args) {
  self->template send<caf::message_priority::high>(to,
                                                   std::forward<Args>(args)...);
}

} // namespace flow
