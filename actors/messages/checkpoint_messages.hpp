#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/support/caf.hpp"
#include "libflow/checkpoint/checkpoint_coordinator.hpp"
#include "libflow/checkpoint/checkpoint_storage.hpp"
#include "libflow/exchange/stream_element.hpp"
#include "libflow/job/job_status.hpp"

/// Job manager <-> checkpoint coordinator, and what of it crosses to subtasks
/// and source coordinators. All of them are values.
///
///   (trigger_atom, attempt, checkpoint_barrier)
///       job manager -> source coordinator -> its subtasks, or -> a subtask
///   (ckptack_atom, checkpoint_ack)            subtask -> job manager
///   (ckptdecl_atom, checkpoint_decline)       subtask -> job manager
///   (ckptend_atom, task, attempt)             subtask -> job manager: it has
///       processed everything and waits for a checkpoint
///   (srcstate_atom, source_state)     source coordinator -> job manager
///   (ckptdone_atom, attempt, id)      job manager -> subtask, source coord.
///   (ckptabort_atom, attempt, id)     the same
///
/// The job manager passes answers on to its checkpoint coordinator as they are,
/// which answers with steps:
///
///   (attemptrun_atom, region, attempt)   all subtasks of the region run
///   (attemptend_atom, region)         none of them is told anything any more
///   (taskdone_atom, task, attempt)    it has ended well
///   (jobstops_atom)                   before the sources are told to stop
///   (ckptnow_atom)                    take a checkpoint at once
///   (restorept_atom, region, attempt)
///       -> (restorept_atom, region, attempt, restore_point)
///       answered when no checkpoint is on its way to durable storage
///   (ckptstep_atom, answers, checkpoint_step)  coordinator -> job manager:
///       trigger, notify or fail; how many restore points it had given out
///   (ckpthist_atom) -> checkpoint_history
///   (jobover_atom, job_outcome) -> (jobover_atom, checkpoints_over)
namespace flow {

FLOW_ATOM(trigger)
FLOW_ATOM(ckptack)
FLOW_ATOM(ckptdecl)
FLOW_ATOM(ckptend)
FLOW_ATOM(srcstate)
FLOW_ATOM(ckptdone)
FLOW_ATOM(ckptabort)
FLOW_ATOM(attemptrun)
FLOW_ATOM(attemptend)
FLOW_ATOM(taskdone)
FLOW_ATOM(jobstops)
FLOW_ATOM(ckptnow)
FLOW_ATOM(restorept)
FLOW_ATOM(ckptstep)
FLOW_ATOM(ckpthist)
FLOW_ATOM(jobover)

struct checkpoint_decline {
  std::uint32_t task = 0;
  std::uint32_t attempt = 0;
  std::uint64_t checkpoint_id = 0;
  bool counted = false; ///< a failure, not the consequence of one
  std::string why;
};

struct source_state {
  std::uint32_t vertex = 0;
  std::uint32_t attempt = 0;
  std::uint64_t checkpoint_id = 0;
  std::vector<std::byte> bytes;
};

/// What an attempt starts from; none: from the beginning.
struct restore_point {
  std::shared_ptr<const stored_checkpoint> from;
};

/// Where a job's checkpoints begin.
struct checkpoint_start {
  std::uint64_t next_id = 1;           ///< above all that exist
  std::vector<std::uint64_t> retained; ///< completed ones, oldest first
  std::shared_ptr<const stored_checkpoint>
    from; ///< to be restored; may be null
};

/// What is left of a job's checkpoints when it has ended.
struct checkpoints_over {
  std::uint64_t completed = 0;
  std::string resume_from; ///< location of the newest; empty: none
  checkpoint_history history;
};

} // namespace flow

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(flow::checkpoint_barrier)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(flow::checkpoint_ack)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(flow::checkpoint_decline)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(flow::checkpoint_step)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(flow::checkpoint_history)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(flow::source_state)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(flow::restore_point)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(flow::checkpoints_over)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(flow::job_outcome)
