#pragma once

#include "libflow/metrics/metric_registry.hpp"
#include "libflow/time/clock.hpp"

namespace flow {

/// What all actors of a process share. Owner: the composition root; outlives
/// the actor system.
struct worker_context {
  const clock* time = nullptr;
  metric_registry* metrics = nullptr;
};

} // namespace flow
