#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/messages/channel_ways.hpp"
#include "actors/messages/checkpoint_messages.hpp"
#include "actors/messages/task_plan.hpp"
#include "actors/support/caf.hpp"
#include "libflow/job/job_status.hpp"

/// Job manager <-> task manager <-> subtask.
///
///   (deploy_atom, deploy_task)              job manager -> task manager
///   (deployed_atom, task number, attempt, actor)          the answer
///   (deploysrc_atom, deploy_coordinator)    job manager -> task manager
///   (coordready_atom, vertex index, attempt, actor)       the answer
///   (connect_atom, task_wiring)             job manager -> subtask
///   (readers_atom, source_readers)          job manager -> source coordinator
///   (connected_atom, task number, attempt)                the answer
///   (open_atom)                             job manager -> subtask
///   (taskstate_atom, task_report)           subtask -> job manager
///   (stop_atom), (cancel_atom)              job manager -> subtask, urgent
///   (explain_atom) -> task_explanation      anyone -> subtask
///   (whereis_atom, task number, attempt) -> std::string
///       anyone -> task manager: in whose code a subtask is that does not
///       answer itself
///   (giveup_atom, task number, attempt)     job manager -> task manager: the
///       subtask has ignored its cancel for too long
///   (linkfail_atom, error)                  anyone -> subtask: a channel to
///       another process has ended, and the attempt with it
///
/// Tasks are numbered as execution_graph::subtasks() lists them. Reports carry
/// the attempt; a job manager drops those of an older one.
namespace flow {

FLOW_ATOM(deploy)
FLOW_ATOM(deployed)
FLOW_ATOM(deploysrc)
FLOW_ATOM(coordready)
FLOW_ATOM(connect)
FLOW_ATOM(connected)
FLOW_ATOM(readers)
FLOW_ATOM(open)
FLOW_ATOM(taskstate)
FLOW_ATOM(stop)
FLOW_ATOM(cancel)
FLOW_ATOM(explain)
FLOW_ATOM(whereis)
FLOW_ATOM(giveup)
FLOW_ATOM(linkfail)

struct deploy_task {
  std::uint32_t task = 0; ///< its number
  task_place place;
  task_settings settings;
  restore_point restored; ///< what it starts from
  caf::actor job_manager;
};

struct deploy_coordinator {
  vertex_id vertex{};
  std::uint32_t attempt = 0;
  std::shared_ptr<const execution_graph> graph;
  std::optional<std::vector<std::byte>> restored; ///< its state
  caf::actor job_manager;
};

/// Where a subtask was deployed.
struct task_site {
  std::uint32_t worker = 0;
  std::uint32_t task = 0; ///< its number
};

/// The other ends of a subtask's channels. Where a channel has a `way`, its
/// other end is in another process and `subtask` is not used.
struct task_wiring {
  struct consumer {
    caf::actor subtask;
    std::uint32_t input_channel = 0;
    task_site site{};
    std::shared_ptr<element_way> way{};
  };
  struct producer {
    caf::actor subtask;
    std::uint32_t port = 0;
    std::uint32_t output_channel = 0;
    task_site site{};
    std::shared_ptr<credit_way> way{};
  };
  std::vector<std::vector<consumer>> outputs; ///< by port, by channel
  std::vector<producer> inputs;               ///< by input channel
  caf::actor coordinator;                     ///< of a source; may be null
  std::uint32_t coordinator_worker = 0;       ///< where it is
};

/// The subtasks that a source coordinator hands splits to, by index.
struct source_readers {
  std::vector<caf::actor> subtasks;
  std::vector<task_site> sites; ///< where each is

  void add(caf::actor subtask, task_site site) {
    subtasks.push_back(std::move(subtask));
    sites.push_back(site);
  }
};

struct task_report {
  std::uint32_t task = 0;
  std::uint32_t attempt = 0;
  task_state state = task_state::created;
  std::optional<error> cause; ///< with `failed`
};

/// Why a subtask does not run, for a person.
struct task_explanation {
  std::string waiting_for;
  std::string watermark_holder;
  std::optional<double> progress;
};

} // namespace flow

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(flow::deploy_task)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(flow::deploy_coordinator)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::shared_ptr<const flow::task_wiring>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(flow::source_readers)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(flow::task_report)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(flow::task_explanation)
