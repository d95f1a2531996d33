#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "actors/messages/alignment_messages.hpp"
#include "actors/messages/checkpoint_messages.hpp"
#include "actors/messages/deploy_messages.hpp"
#include "actors/messages/job_messages.hpp"
#include "actors/messages/resource_messages.hpp"
#include "actors/support/worker_context.hpp"
#include "libflow/graph/execution_graph.hpp"
#include "libflow/job/alignment_coordinator.hpp"
#include "libflow/job/failover_regions.hpp"
#include "libflow/job/job_regions.hpp"

namespace flow {

/// One per job: asks for slots, deploys the execution graph, supervises its
/// subtasks. What to do next is decided by flow::job_regions; here it is turned
/// into messages.
///
/// Deployment of an attempt of a region, each step when the one before is
/// complete: what to start from -> slots -> source coordinators and subtasks
/// spawned -> connected -> opened. No subtask is opened before all are
/// connected, so credit never finds a producer that does not know its
/// consumers. Slots are the job's and asked for once.
///
/// Owner: the dispatcher, which monitors it.
class job_manager_actor final : public caf::event_based_actor {
public:
  job_manager_actor(caf::actor_config& config, submission job,
                    worker_context shared, caf::actor resource_manager,
                    caf::actor dispatcher);

  [[nodiscard]] const char* name() const override { return "job_manager"; }

  /// Lets go of the handles, so that actors that know each other do not keep
  /// each other alive.
  void on_exit() override;

protected:
  caf::behavior make_behavior() override;

private:
  // -- handlers ---------------------------------------------------------------

  void on_granted(const slot_grant& grant);
  void on_refused(const error& why);
  void on_restore_point(std::uint32_t region, std::uint32_t attempt,
                        const restore_point& from);
  void on_checkpoint_step(std::uint32_t answers, const checkpoint_step& step);
  void on_checkpoints_over(const checkpoints_over& summary);
  void on_coordinator(std::uint32_t vertex, std::uint32_t attempt,
                      const caf::actor& coordinator);
  void on_deployed(std::uint32_t task, std::uint32_t attempt,
                   const caf::actor& subtask);
  void on_connected(std::uint32_t task, std::uint32_t attempt);
  void on_task_state(const task_report& report);
  void on_watermark(const task_watermark& what);
  void on_stop();
  void on_cancel();
  void on_restart_due(std::uint32_t region, std::uint32_t attempt);
  void on_cancel_overdue(std::uint32_t region, std::uint32_t attempt);
  caf::result<job_status_report> on_status();
  caf::result<checkpoint_history> on_history();
  [[nodiscard]] std::shared_ptr<job_status_report> plain_status() const;
  void explain_silence(std::uint32_t task,
                       const std::shared_ptr<job_status_report>& report,
                       std::function<void()> arrived);

  // -- actions of the lifecycle -----------------------------------------------

  void perform(const job_regions::steps& steps);
  void prepare_attempt(std::uint32_t region);
  void request_slots(std::uint32_t region);
  void deploy_subtasks(std::uint32_t region);
  void deploy_coordinators(std::uint32_t region);
  void connect_subtasks(std::uint32_t region);
  void open_subtasks(std::uint32_t region);
  void stop_sources(std::uint32_t region);
  void cancel_subtasks(std::uint32_t region);
  void await_restart(std::uint32_t region, duration_ms delay);
  void end_coordinators(std::uint32_t region);
  void report_end();
  void finish_report(checkpoints_over summary);

  void spawn_checkpoint_coordinator();
  void trigger(const checkpoint_step& step);
  template <class Atom>
  void notify(Atom what, std::uint64_t id);
  template <class... Args>
  void to_checkpoints(Args&&... args) {
    if (checkpoints_)
      send(checkpoints_, std::forward<Args>(args)...);
  }
  [[nodiscard]] std::shared_ptr<const task_wiring>
  wiring_of(subtask_id subtask) const;
  [[nodiscard]] task_site site_of(subtask_id subtask) const;
  [[nodiscard]] const caf::actor& worker_of(std::size_t task) const;
  void note_alignment(const task_report& report);
  void announce_limits();
  void log_failure(const task_report& report);
  [[nodiscard]] error weighed(error cause, std::uint32_t region) const;
  void note_failure(const std::string& text, std::uint32_t attempt);
  void note_state();
  void note_regions();
  [[nodiscard]] logger log_of(std::uint32_t region) const;
  [[nodiscard]] std::uint32_t region_of(vertex_id vertex) const;
  [[nodiscard]] std::uint32_t number_of(subtask_id subtask) const;
  [[nodiscard]] std::uint32_t source_subtasks() const;
  [[nodiscard]] task_settings settings_of(const job_vertex& vertex,
                                          std::uint32_t attempt) const;
  [[nodiscard]] timestamp now() const { return shared_.time->now(); }

  submission job_;
  const worker_context shared_;
  const timestamp started_ = shared_.time->now(); ///< tells runs apart
  caf::actor resource_manager_;
  caf::actor dispatcher_;
  std::shared_ptr<execution_graph> graph_;
  std::vector<subtask_id> subtasks_; ///< by task number
  const failover_regions regions_;
  job_regions lifecycle_;
  alignment_coordinator alignment_;
  bool limits_armed_ = false; ///< announce_limits() is called again
  caf::actor checkpoints_;    ///< its coordinator; null: the job needs none
  std::deque<std::string> failures_; ///< the last ones, at most `most_failures`
  job_state logged_ = job_state::created;

  std::optional<slot_grant> grant_;
  std::vector<std::uint32_t> without_slots_; ///< regions that wait for them
  std::uint32_t answers_ = 0;                ///< restore points that came

  /// What belongs to the present attempt of a region.
  struct region_run {
    restore_point restored;
    std::size_t coordinators_awaited = 0;
    std::set<std::uint32_t> connected; ///< tasks
    bool shown = false; ///< sinks were told to commit what cannot be undone
    job_state known = job_state::created; ///< its state that was acted upon
  };
  std::vector<region_run> runs_;
  std::vector<caf::actor> handles_;      ///< by task number
  std::vector<caf::actor> coordinators_; ///< by vertex; null for most
};

} // namespace flow
