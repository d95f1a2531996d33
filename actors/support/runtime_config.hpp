#pragma once

#include <caf/actor_system_config.hpp>

namespace flow {

/// Configuration of the actor system of a process that runs tasks: threads as
/// many as cores, the policy that costs nothing while idle, and few messages
/// an actor in a row so that none starves another.
class runtime_config : public caf::actor_system_config {
public:
  runtime_config();
};

} // namespace flow
