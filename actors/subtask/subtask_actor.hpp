#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <memory>

#include "actors/messages/alignment_messages.hpp"
#include "actors/messages/checkpoint_messages.hpp"
#include "actors/messages/data_messages.hpp"
#include "actors/messages/deploy_messages.hpp"
#include "actors/messages/source_messages.hpp"
#include "actors/subtask/task.hpp"
#include "actors/support/step_watch.hpp"
#include "actors/support/worker_context.hpp"

namespace flow {

/// Runs one task: takes notes of what its mailbox brings, does the work in
/// steps that it sends itself, so that credit, cancel and stop wait for one
/// step at most.
/// Owner: the task manager, which monitors it. Reports every change of its
/// state to the job manager. When a peer dies the job manager cancels it.
class subtask_actor final : public caf::event_based_actor,
                            public task_surroundings {
public:
  /// @param watch not null
  subtask_actor(caf::actor_config& config, deploy_task what,
                worker_context shared, std::shared_ptr<step_watch> watch);

  [[nodiscard]] const char* name() const override { return "subtask"; }

  /// Lets go of the handles, so that actors that know each other do not keep
  /// each other alive.
  void on_exit() override;

protected:
  caf::behavior make_behavior() override;

private:
  // -- what the task does to the world ----------------------------------------

  void send(std::size_t port, std::size_t channel, std::uint64_t sequence,
            stream_element&& element) override;
  void grant(std::size_t channel, std::uint32_t credits) override;
  void request_split() override;
  void snapshot_taken(taken_snapshot taken) override;
  void snapshot_given_up(std::uint64_t id, barrier_abort why) override;
  void at_end() override;
  void watermark_reached(timestamp mark) override;
  [[nodiscard]] std::function<void()> waker() override;

  // -- handlers ---------------------------------------------------------------

  void on_element(std::uint32_t channel, std::uint64_t sequence,
                  stream_element& element);
  void on_credit(std::uint32_t port, std::uint32_t channel,
                 std::uint32_t credits);
  void on_run();
  void on_wake(std::uint64_t epoch);
  void on_poke();
  void on_connect(const std::shared_ptr<const task_wiring>& wiring);
  void on_open();
  void on_restored(const expected<restored_task>& state);
  void on_trigger(std::uint32_t attempt, const checkpoint_barrier& barrier);
  void on_completed(std::uint32_t attempt, std::uint64_t id);
  void on_aborted(std::uint32_t attempt, std::uint64_t id);
  void on_split(const split_bytes& split);
  void on_no_more_splits();
  void on_watermark_limit(timestamp limit);
  void on_stop();
  void on_cancel();
  task_explanation on_explain();

  // -- the rest ---------------------------------------------------------------

  template <class Function>
  auto work(Function&& function);
  void schedule_run();
  void wake_at(std::chrono::nanoseconds deadline);
  void check(const expected<void>& result);
  void begin(const restored_task* from);
  void give_up_writing(std::uint64_t up_to);
  void end(task_state state, std::optional<error> cause = {});

  const std::uint32_t number_;
  const std::uint32_t attempt_;
  const std::uint32_t subtask_index_;
  const task_place place_;
  const task_settings settings_;
  const worker_context shared_;
  restore_point restored_; ///< until it is read: it may hold all states
  caf::actor job_manager_;
  const flow::clock& time_;
  const std::atomic<bool>* const fenced_; // may be null
  const std::shared_ptr<step_watch> watch_;
  std::unique_ptr<task> task_; // null once ended
  std::shared_ptr<const task_wiring> wiring_;
  /// Snapshots that are being written, each with the flag that ends it.
  std::map<std::uint64_t, std::shared_ptr<std::atomic<bool>>> writing_;
  bool told_to_open_ = false;
  bool open_ = false;
  bool run_scheduled_ = false;
  std::uint64_t wake_epoch_ = 0;
  std::chrono::nanoseconds armed_ = std::chrono::nanoseconds::max();
};

} // namespace flow
