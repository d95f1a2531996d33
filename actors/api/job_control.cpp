#include "actors/api/job_control.hpp"

#include <caf/scoped_actor.hpp>

#include "actors/api/control_actor.hpp"
#include "actors/cluster/embedded_cluster.hpp"

namespace flow {

/// The cluster of the job and the actor that speaks for it.
class job_control::running {
public:
  running(const stream_environment& env, checkpoint_setup checkpoints,
          caf::actor_system& system, const caf::actor& listener,
          std::unique_ptr<metrics_listener> metrics)
    : system_(system),
      control_(system.spawn<control_actor>(env.options().job_name, listener,
                                           env.builder()->when_ended)),
      cluster_(std::move(checkpoints), env.identified_options(), &system,
               control_) {
    if (metrics)
      cluster_.serve_metrics(std::move(metrics));
    // Ahead of every request: nobody else knows the control actor yet.
    caf::anon_send(control_, started_atom::value,
                   controlled_job{&cluster_, cluster_.job_manager()});
  }

  running(const running&) = delete;
  running& operator=(const running&) = delete;

  /// The control actor reaches into the cluster, so it goes first; before
  /// that it hears of the end.
  ~running() {
    cluster_.cancel();
    wait();
    caf::scoped_actor self{system_};
    self->send_exit(control_, caf::exit_reason::user_shutdown);
    self->wait_for(control_);
  }

  const caf::actor& control() const { return control_; }
  embedded_cluster& cluster() { return cluster_; }

  job_result wait() {
    constexpr std::chrono::hours long_time{1};
    for (;;)
      if (auto result = cluster_.wait(long_time))
        return *result;
  }

private:
  caf::actor_system& system_;
  caf::actor control_;
  embedded_cluster cluster_;
};

const caf::actor& job_control::actor() const {
  return job_->control();
}

job_result job_control::wait() const {
  return job_->wait();
}

std::optional<job_result>
job_control::wait(std::chrono::milliseconds at_most) const {
  return job_->cluster().wait(at_most);
}

void job_control::stop() const {
  job_->cluster().stop();
}

void job_control::cancel() const {
  job_->cluster().cancel();
}

expected<job_control> execute_async(const stream_environment& env,
                                    caf::actor_system& system,
                                    const caf::actor& listener) {
  if (env.options().processes > 0)
    return error{error_code::invalid_argument,
                 "--processes: a job that runs in a program's actor system "
                 "runs in its process"};
  auto graph = env.build();
  if (!graph)
    return graph.error();
  auto checkpoints =
    set_up_checkpoints(local_files(), std::move(*graph),
                       env.identified_options(), logger::to_stderr());
  if (!checkpoints)
    return checkpoints.error();
  auto metrics = listen_for_metrics(env.options());
  if (!metrics)
    return metrics.error();
  return job_control{std::make_shared<job_control::running>(
    env, std::move(*checkpoints), system, listener, std::move(*metrics))};
}

} // namespace flow
