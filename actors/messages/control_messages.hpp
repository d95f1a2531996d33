#pragma once

#include <string>

#include "actors/messages/job_messages.hpp"
#include "actors/support/caf.hpp"

/// Actors of a program -> the control actor of a job it runs. Requests, from
/// any actor:
///
///   (status_atom)  -> job_status_report    also after the job has ended
///   (metrics_atom) -> std::string          Prometheus text
///   (stop_atom)    -> bool     sources end, what was read is processed
///   (cancel_atom)  -> bool     gives up; results may be missing
///   (result_atom)  -> job_result           answered once the job has ended
///
/// stop and cancel are answered at once: true when the job was told, false
/// when it had ended before.
///
///   (job_ended)    control actor -> the listener given to execute_async
namespace flow {

FLOW_ATOM(metrics)
FLOW_ATOM(stop)
FLOW_ATOM(cancel)
FLOW_ATOM(result)

struct job_ended {
  std::string job; ///< its name
  job_result result;
};

} // namespace flow

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(flow::job_ended)
