#pragma once

#include <memory>

#include "actors/messages/checkpoint_messages.hpp"
#include "actors/support/caf.hpp"
#include "libflow/job/job_client.hpp"

/// Client <-> dispatcher <-> job manager.
///
///   (submit_atom, submission)        client -> dispatcher
///   (accepted_atom, actor)           the answer: the job manager
///   (jobended_atom, job_end)         job manager -> dispatcher -> client
///   (stop_atom), (cancel_atom)       client -> job manager, urgent
///   (status_atom) -> job_status_report
namespace flow {

FLOW_ATOM(submit)
FLOW_ATOM(accepted)
FLOW_ATOM(jobended)
FLOW_ATOM(status)

struct submission {
  std::shared_ptr<const job_graph> graph;
  job_options options;
  checkpoint_start checkpoints;
  caf::actor client; ///< hears of the end
};

struct job_end {
  job_outcome outcome = job_outcome::finished;
  std::optional<error> cause;
  std::uint32_t restarts = 0;
  std::vector<std::string> failures; ///< the last ones, oldest first
  checkpoints_over checkpoints;
};

} // namespace flow

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(flow::submission)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(flow::job_end)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(flow::job_status_report)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(flow::job_result)
