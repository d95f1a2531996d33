#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "actors/link/link_host.hpp"
#include "actors/messages/deploy_messages.hpp"
#include "actors/messages/source_messages.hpp"
#include "actors/support/worker_context.hpp"
#include "actors/worker/channel_numbers.hpp"
#include "actors/worker/link_messages.hpp"

namespace flow {

FLOW_ATOM(start)
// To itself.
FLOW_ATOM(dialled)
FLOW_ATOM(redial)
FLOW_ATOM(wirelate)

/// What a worker is, and what it is given to work with.
struct worker_setup {
  std::uint32_t worker = 0;
  std::uint32_t incarnation = 0;
  std::shared_ptr<const job_graph> graph;
  std::shared_ptr<channel_switch> channels;
  std::function<void()> end_process; ///< the job has ended
};

///   (start_atom, worker_start)   the composition root, first
struct worker_start {
  link_host* links = nullptr; ///< outlives the actor
  std::shared_ptr<peer_link> to_job;
};

/// Stands in a worker process for the job manager, and for all that is in other
/// processes: turns frames into the messages that task manager, subtasks and
/// coordinators know, and their answers into frames. Keeps the links to the
/// other workers and gives each channel that leaves the process its way.
///
/// When a link to another worker ends, the subtasks with channels on it fail;
/// the one that dialled dials again, for the next attempt. When the link to the
/// job's process ends, so does this process (job_link_handler).
///
/// Owner: the worker process's composition root. Owns the task manager.
class worker_actor final : public caf::event_based_actor {
public:
  worker_actor(caf::actor_config& config, worker_context shared,
               worker_setup setup);

  [[nodiscard]] const char* name() const override { return "worker"; }

  void on_exit() override;

protected:
  caf::behavior make_behavior() override;

private:
  struct local_task {
    std::uint32_t attempt = 0;
    caf::actor subtask;
    std::uint32_t coordinator_worker = 0; ///< of a source's; else this one
  };
  struct local_coordinator {
    std::uint32_t attempt = 0;
    caf::actor coordinator;
    /// Speak for readers in other processes, by task.
    std::map<std::uint32_t, caf::actor> relays;
  };
  struct peer {
    std::uint32_t incarnation = 0;
    std::optional<worker_address> dialled; ///< nothing: it dials
    std::optional<message_sender> control;
    std::shared_ptr<peer_link> data;
  };

  // -- from the job's process -------------------------------------------------

  void on_start(const worker_start& with);
  void on_job_message(const worker_message& what);
  void handle(const known_workers& known);
  void handle(const deploy_order& order);
  void handle(const coordinator_order& order);
  void handle(const wiring_order& order);
  void handle(const task_order& order);
  void handle(const checkpoint_order& order);
  void handle(const readers_order& order);
  void handle(const watermark_limit& what);
  void handle(const coordinator_cancel& order);
  void handle(const explanation_question& question);
  void handle(const worker_end&);
  template <class Other>
  void handle(const Other&);

  // -- from other workers -----------------------------------------------------

  void on_peer_message(std::uint32_t worker, const worker_message& what);
  void on_question(std::uint32_t worker, const split_question& question);
  void on_answer(const split_answer& answer);
  void on_link_up(const opened_link& opened);
  void on_link_down(const ended_link& ended);
  void fail_readers_of(const ended_link& ended);
  void on_dialled(std::uint32_t worker);
  void on_redial(std::uint32_t worker, std::uint32_t incarnation);

  // -- from actors of this process --------------------------------------------

  void on_deployed(std::uint32_t task, std::uint32_t attempt,
                   const caf::actor& subtask);
  void on_coordinator(std::uint32_t vertex, std::uint32_t attempt,
                      const caf::actor& coordinator);
  void on_task_state(const task_report& report);
  void on_next_split(std::uint32_t subtask);
  void on_reader_trigger(const reader_trigger& what);
  caf::actor relay_of(local_coordinator& of, std::uint32_t worker,
                      const split_question& reader);

  // -- the rest ---------------------------------------------------------------

  void dial(std::uint32_t worker, net::link_role role);
  [[nodiscard]] bool linked(const wiring_order& order) const;
  [[nodiscard]] bool fits(const wiring_order& order) const;
  void wire(const wiring_order& order, local_task& to);
  void wire_parked();
  [[nodiscard]] std::shared_ptr<task_wiring>
  wiring_of(const wiring_order& order, const caf::actor& subtask);
  [[nodiscard]] caf::actor local(std::uint32_t task) const;
  local_task* find(std::uint32_t task, std::uint32_t attempt);
  void fail(std::uint32_t task, std::uint32_t attempt, error why);
  void tell_job(const worker_message& what);
  void tell_metrics(bool with_text);
  void on_tick();
  [[nodiscard]] caf::actor self_handle();

  const worker_context shared_;
  const worker_setup setup_;
  const std::shared_ptr<const execution_graph> graph_;
  const std::vector<subtask_id> ids_; // by task
  const channel_numbers numbers_;
  link_host* links_ = nullptr;
  caf::actor task_manager_;
  std::optional<message_sender> job_;
  std::map<std::uint32_t, peer> peers_;                     // by worker
  std::map<std::uint32_t, local_task> tasks_;               // by task
  std::map<std::uint32_t, local_coordinator> coordinators_; // by vertex
  std::vector<wiring_order> parked_;                        // wait for a link
  std::uint32_t ticks_ = 0;
  std::size_t dialling_ = 0; // before this worker is ready
};

} // namespace flow

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(flow::worker_start)
