#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>

#include "actors/cluster/checkpoint_setup.hpp"
#include "actors/cluster/worker_processes.hpp"
#include "actors/messages/job_messages.hpp"
#include "actors/metrics_server/metrics_server.hpp"
#include "actors/support/background_threads.hpp"
#include "actors/support/runtime_config.hpp"
#include "actors/support/worker_context.hpp"
#include "libflow/job/job_client.hpp"
#include "libflow/metrics/metric_registry.hpp"
#include "libflow/time/clock.hpp"

namespace flow {

/// A cluster of this process for one job: dispatcher, resource manager and
/// one task manager, the same actors as everywhere, without sockets; or, in
/// place of the task manager, worker processes.
/// Composition root: owns the actor system, or borrows the one of a program
/// that has its own.
/// @thread any
class embedded_cluster final : public running_job {
public:
  /// @param system of the program, or null: the cluster makes its own
  /// @param listener gets (jobended_atom, job_result); null: nobody does
  /// @param checkpoints what set_up_checkpoints made for this graph
  /// @param workers that run the tasks; null: this process does
  embedded_cluster(checkpoint_setup checkpoints, const job_options& options,
                   caf::actor_system* system, caf::actor listener = {},
                   std::unique_ptr<worker_processes> workers = nullptr);
  ~embedded_cluster() override;

  std::optional<job_result> wait(std::chrono::milliseconds at_most) override;
  void on_end(std::function<void()> f) override;
  void stop() override;
  void cancel() override;
  void take_checkpoint() override;
  [[nodiscard]] checkpoint_history checkpoints() override;
  [[nodiscard]] job_status_report status() override;
  [[nodiscard]] progress_facts progress() override;
  [[nodiscard]] std::string metrics() override;

  /// Serves the metrics to whoever asks, until this ends. Called at most once.
  void serve_metrics(std::unique_ptr<metrics_listener> listener);

  /// The job manager, once the dispatcher has spawned it.
  [[nodiscard]] caf::actor job_manager();

private:
  class own_system;

  /// The client's behaviour. With an argument, since CAF binds a null reference
  /// for functions without.
  static caf::behavior hear(caf::event_based_actor* self,
                            embedded_cluster* cluster);
  void take_end(const job_end& end);
  [[nodiscard]] job_summary summary_of(const job_end& end) const;
  [[nodiscard]] job_totals totals() const;
  void shut_down();

  const std::shared_ptr<file_lock> lock_; ///< on the job's checkpoints
  const std::shared_ptr<const job_graph> graph_;
  const std::string job_name_;
  system_clock time_; // before what reads it
  const std::chrono::nanoseconds started_;
  const double cpu_before_; ///< seconds that the process had used by then
  metric_registry metrics_;
  std::unique_ptr<own_system> own_;
  caf::actor_system& system_;
  background_threads background_{2}; ///< joined while the system stands
  background_threads encoders_{encoder_threads()}; ///< the same
  caf::actor resource_manager_;
  std::unique_ptr<worker_processes> workers_; ///< may be null
  caf::actor task_manager_;                   ///< null with workers
  caf::actor dispatcher_;
  caf::actor client_;
  std::unique_ptr<metrics_server> metrics_server_; ///< may be null
  caf::actor listener_;

  std::mutex mutex_;
  std::condition_variable changed_;
  caf::actor job_manager_;           // guarded by mutex_
  std::optional<job_result> result_; // guarded by mutex_
  std::function<void()> when_ended_; // guarded by mutex_; may be empty
  checkpoint_history history_; // guarded by mutex_; once there is a result
};

/// What `--metrics` asks for, listening; null without it. Says on stderr which
/// port was chosen where any would do.
[[nodiscard]] expected<std::unique_ptr<metrics_listener>>
listen_for_metrics(const job_options& options);

} // namespace flow
