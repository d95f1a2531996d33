#include "actors/cluster/worker_process.hpp"

#include <sys/prctl.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <future>
#include <iostream>

#include "actors/cluster/checkpoint_setup.hpp"
#include "actors/cluster/worker_spec.hpp"
#include "actors/launcher/launcher.hpp"
#include "actors/support/background_threads.hpp"
#include "actors/support/runtime_config.hpp"
#include "actors/worker/worker_actor.hpp"
#include "libflow/core/exit_code.hpp"
#include "libflow/metrics/metric_registry.hpp"
#include "libflow/time/clock.hpp"

namespace flow {

namespace {

/// Without destructors: actors of the job may be anywhere in their work.
[[noreturn]] void end_process(exit_code code) {
  std::cout.flush();
  std::cerr.flush();
  std::fflush(nullptr);
  _exit(to_int(code));
}

[[noreturn]] void give_up(const std::string& why) {
  std::cerr << "worker: " << why << '\n';
  end_process(exit_code::failed);
}

net::handshake identity_of(const worker_spec& spec) {
  net::handshake own;
  own.build = "libflow";
  own.node = "localhost";
  own.worker = handshake_name(spec.worker);
  own.incarnation = spec.incarnation;
  return own;
}

/// All that a worker process has. Lives until the process ends.
class worker_process {
public:
  worker_process(const worker_spec& spec,
                 std::shared_ptr<const job_graph> graph,
                 const job_options& options)
    : channels_(std::make_shared<channel_switch>(spec.job)) {
    shared_.time = &time_;
    shared_.metrics = &metrics_;
    shared_.log = logger::to_stderr();
    shared_.fenced = &fenced_;
    shared_.background = &background_;
    shared_.encoders = &encoders_;
    shared_.storage = storage_of(options);
    shared_.end_process = [] { end_process(exit_code::failed); };
    actor_ = system_.spawn<worker_actor, caf::detached>(
      shared_, worker_setup{spec.worker, spec.incarnation, std::move(graph),
                            channels_, [] { end_process(exit_code::ok); }});
    open_links(spec);
  }

  [[noreturn]] static void serve() {
    for (;;)
      pause();
  }

private:
  void open_links(const worker_spec& spec) {
    auto started = link_host::start(
      identity_of(spec), spec.token,
      [this](const std::shared_ptr<peer_link>& fresh,
             const net::handshake& peer) { return accept(fresh, peer); });
    if (!started)
      give_up(started.error().text);
    links_ = std::move(*started);
    links_->dial(
      spec.control_port, net::link_role::control,
      [this](const std::shared_ptr<peer_link>& fresh, const net::handshake&) {
        caf::anon_send(actor_, start_atom::value,
                       worker_start{links_.get(), fresh});
        return std::make_shared<job_link_handler>(actor_, fenced_, give_up);
      },
      [](const error& why) {
        give_up("no link to the job's process: " + why.text);
      });
  }

  std::shared_ptr<link_handler> accept(const std::shared_ptr<peer_link>& fresh,
                                       const net::handshake& peer) {
    const auto worker = worker_named(peer.worker);
    if (!worker)
      return nullptr;
    return open_link(actor_, channels_, {*worker, peer.incarnation, peer.role},
                     fresh);
  }

  system_clock time_;
  metric_registry metrics_;
  std::atomic<bool> fenced_{false};
  worker_context shared_;
  runtime_config config_;
  caf::actor_system system_{config_};
  background_threads background_{2};
  background_threads encoders_{encoder_threads()};
  std::shared_ptr<channel_switch> channels_;
  caf::actor actor_;
  std::unique_ptr<link_host> links_;
};

/// Of another process, which is told of its end; here it is over.
class passed_over_job final : public running_job {
public:
  std::optional<job_result> wait(std::chrono::milliseconds) override {
    return job_result{};
  }
  void on_end(std::function<void()> f) override { f(); }
  void stop() override {}
  void cancel() override {}
  void take_checkpoint() override {}
  checkpoint_history checkpoints() override { return {}; }
  job_status_report status() override { return {}; }
  progress_facts progress() override { return {}; }
  std::string metrics() override { return {}; }
};

worker_spec read_spec() {
  const auto text = inherited_worker_spec();
  if (!text)
    give_up(text.error().text);
  auto spec = parse_worker_spec(*text);
  if (!spec)
    give_up(spec.error().text);
  prctl(PR_SET_NAME, ("flow-" + handshake_name(spec->worker)).c_str());
  return std::move(*spec);
}

} // namespace

std::unique_ptr<running_job>
serve_as_worker(std::uint32_t execution, std::shared_ptr<const job_graph> graph,
                const job_options& options) {
  static const worker_spec spec = read_spec();
  if (execution < spec.execution)
    return std::make_unique<passed_over_job>();
  if (!spec.max_parallelism.empty())
    graph = std::make_shared<const job_graph>(
      with_max_parallelism(*graph, spec.max_parallelism));
  const worker_process process{spec, std::move(graph), options};
  worker_process::serve();
}

} // namespace flow
