#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/launcher/launcher.hpp"
#include "actors/link/message_link.hpp"
#include "actors/messages/deploy_messages.hpp"
#include "actors/messages/resource_messages.hpp"
#include "actors/remote_worker/remote_handles.hpp"
#include "actors/remote_worker/task_reports.hpp"
#include "actors/remote_worker/worker_board.hpp"
#include "actors/support/worker_context.hpp"

/// The links and the launcher -> the actor of the worker that it is about:
///
///   (workerup_atom, incarnation, link)          its control link is open
///   (workermsg_atom, incarnation, worker_message)
///   (silent_atom, incarnation, milliseconds)    nothing was heard for so long
///   (cut_atom, incarnation, error)              its control link has ended
///   (exited_atom, worker_exit)                  its process has ended
///   (lost_atom)                                 there is no launcher any more
///   (cancel_atom)                               the job has ended
namespace flow {

FLOW_ATOM(workerup)
FLOW_ATOM(workermsg)
FLOW_ATOM(silent)
FLOW_ATOM(cut)
FLOW_ATOM(exited)
FLOW_ATOM(lost)

/// What a remote worker actor works with.
struct remote_worker_setup {
  std::uint32_t worker = 0;
  std::uint32_t slot_count = 0;
  std::shared_ptr<const job_graph> graph;
  std::shared_ptr<worker_board> board;
  launcher* processes = nullptr; ///< outlives the actor
  std::string spec;              ///< of launcher::start_worker
};

/// Stands for one worker process in the process that runs the job: to a job
/// manager it is a task manager. Starts the process, passes messages both ways,
/// and starts another in its place when it dies, is silent, or its link ends;
/// then all its tasks are reported as failed, with how it died and the last
/// that it wrote to stderr. What is deployed meanwhile waits for the new one.
///
/// No task of a new attempt is deployed here before the former process is known
/// to be dead: two never work for the same place.
///
/// Owner: the composition root.
class remote_worker_actor final : public caf::event_based_actor {
public:
  /// A worker that was not heard of for so long is killed.
  static constexpr std::chrono::milliseconds silence_limit{3000};
  /// A process that was started has to be ready within this time.
  static constexpr std::chrono::seconds start_limit{30};
  /// So many that die before they are ready end the job.
  static constexpr std::uint32_t start_attempts = 3;
  /// A worker that was told of the job's end is killed after this time.
  static constexpr std::chrono::seconds end_limit{5};

  remote_worker_actor(caf::actor_config& config, worker_context shared,
                      remote_worker_setup setup, caf::actor resource_manager);

  [[nodiscard]] const char* name() const override { return "remote_worker"; }

  void on_exit() override;

protected:
  caf::behavior make_behavior() override;

private:
  enum class state : std::uint8_t {
    starting, ///< the launcher was told; no link yet
    greeting, ///< its link is open; it links to the others
    ready,    ///< takes orders
    dying,    ///< was killed, or its link has ended; its exit is awaited
    broken,   ///< cannot be started; every task fails
    ending,   ///< was told of the job's end
  };

  struct remote_task {
    std::uint32_t attempt = 0;
    caf::actor job_manager;
    caf::actor handle; ///< null until it is deployed
    task_reports reports{};
  };
  struct remote_source {
    std::uint32_t attempt = 0;
    caf::actor job_manager;
  };

  // -- from the job manager ---------------------------------------------------

  void on_deploy(const deploy_task& what);
  void on_deploy_coordinator(const deploy_coordinator& what);
  caf::result<task_explanation> on_ask(std::uint32_t task,
                                       std::uint32_t attempt);
  caf::result<std::string> on_whereis(std::uint32_t task,
                                      std::uint32_t attempt);
  void on_end();

  // -- from the worker --------------------------------------------------------

  void on_up(std::uint32_t incarnation, const std::shared_ptr<peer_link>& link);
  void on_message(std::uint32_t incarnation, const worker_message& what);
  void handle(const worker_hello& hello);
  void handle(const worker_ready&);
  void handle(const task_deployed& what);
  void handle(const coordinator_deployed& what);
  void handle(const task_connected& what);
  void handle(const task_changed& what);
  void handle(const checkpoint_ack& ack);
  void handle(const checkpoint_decline& no);
  void handle(const task_at_end& what);
  void handle(const source_state& what);
  void handle(const task_watermark& what);
  void handle(const explanation_answer& answer);
  void handle(const worker_metrics& now);
  template <class Other>
  void handle(const Other&);

  // -- its life ---------------------------------------------------------------

  void start();
  void on_start_late(std::uint32_t incarnation);
  void on_silent(std::uint32_t incarnation, std::chrono::milliseconds silent);
  void on_cut(std::uint32_t incarnation, const error& why);
  void on_exited(const worker_exit& how);
  void on_lost();
  void put_down(const std::string& why);
  void kill(const std::string& why);
  [[nodiscard]] bool alive() const;
  void give_up(error why);

  void order(const worker_message& what);
  void fail_tasks(const error& why);
  void fail_task(std::uint32_t task, const remote_task& which,
                 const error& why);
  [[nodiscard]] bool waits(std::uint32_t task, std::uint32_t attempt) const;
  [[nodiscard]] std::string title() const;

  const worker_context shared_;
  const remote_worker_setup setup_;
  state state_ = state::starting;
  std::uint32_t incarnation_ = 0;
  std::uint32_t failed_starts_ = 0; // in a row
  bool was_ready_ = false;          // this incarnation
  std::string killed_because_;      // while dying
  std::optional<error> broken_;
  std::optional<message_sender> link_;
  std::deque<worker_message> waiting_;             // until it is ready
  std::map<std::uint32_t, remote_task> tasks_;     // live ones, by task
  std::map<std::uint32_t, remote_source> sources_; // by vertex
  std::uint64_t questions_ = 0;
  std::map<std::uint64_t, caf::typed_response_promise<task_explanation>>
    explanations_;
  std::map<std::uint64_t, caf::typed_response_promise<std::string>> places_;
};

/// Of the control link to a worker.
class remote_link_handler final : public link_handler {
public:
  remote_link_handler(caf::actor to, std::uint32_t incarnation)
    : to_(std::move(to)), incarnation_(incarnation) {}

  expected<void> on_frame(const net::frame_view& frame) override;
  void on_silence(std::chrono::milliseconds silent) override;
  void on_closed(const error& why) override;

private:
  const caf::actor to_;
  const std::uint32_t incarnation_;
  message_receiver messages_;
};

} // namespace flow

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::shared_ptr<flow::peer_link>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(flow::worker_exit)
