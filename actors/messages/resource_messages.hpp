#pragma once

#include <vector>

#include "actors/support/caf.hpp"
#include "libflow/job/slot_pool.hpp"

/// Job manager <-> resource manager <-> task manager.
///
///   (offer_atom, worker, slot count, actor)  task manager -> resource manager
///   (slots_atom, slot_requests)              job manager -> resource manager
///   (granted_atom, slot_grant)               the answer
///   (refused_atom, error)                    the answer
///   (giveback_atom, slot_grant)              job manager -> resource manager
namespace flow {

FLOW_ATOM(offer)
FLOW_ATOM(slots)
FLOW_ATOM(granted)
FLOW_ATOM(refused)
FLOW_ATOM(giveback)

struct slot_requests {
  std::vector<slot_request> requests; ///< one a vertex
};

struct slot_grant {
  slot_assignment slots;
  /// Task manager of each worker that occurs in `slots`, by worker number.
  std::vector<caf::actor> workers;
};

} // namespace flow

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(flow::slot_requests)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(flow::slot_grant)
