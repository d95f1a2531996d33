#include "actors/cluster/embedded_cluster.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <caf/scoped_actor.hpp>

#include <algorithm>
#include <atomic>
#include <iostream>

#include "actors/cluster/worker_process.hpp"
#include "actors/dispatcher/dispatcher_actor.hpp"
#include "actors/resource_manager/resource_manager_actor.hpp"
#include "actors/task_manager/task_manager_actor.hpp"
#include "libflow/core/exit_code.hpp"
#include "libflow/job/worker_process.hpp"
#include "libflow/metrics/merged_text.hpp"

namespace flow {

namespace {

constexpr std::chrono::milliseconds status_timeout{1000};

/// Which job of this program it is that is started now, from 1.
std::uint32_t next_execution() {
  static std::atomic<std::uint32_t> count{0};
  return ++count;
}

/// Slots of each of `workers`: as configured, else as many as the job needs.
std::uint32_t slot_count(const job_graph& graph, const job_options& options,
                         std::uint32_t workers) {
  if (options.task_slots)
    return *options.task_slots;
  std::vector<slot_request> requests;
  for (const auto& vertex : graph.vertices())
    requests.push_back({vertex.slot_sharing_group, vertex.parallelism});
  const auto needed = static_cast<std::uint32_t>(slots_needed(requests));
  return (needed + workers - 1) / workers;
}

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec)
         + static_cast<double>(time.tv_usec) * 1e-6;
}

/// User and system time of this process so far.
double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

} // namespace

class embedded_cluster::own_system {
public:
  caf::actor_system& get() { return system_; }

private:
  runtime_config config_;
  caf::actor_system system_{config_};
};

embedded_cluster::embedded_cluster(checkpoint_setup checkpoints,
                                   const job_options& options,
                                   caf::actor_system* system,
                                   caf::actor listener,
                                   std::unique_ptr<worker_processes> workers)
  : lock_(std::move(checkpoints.lock)), graph_(std::move(checkpoints.graph)),
    job_name_(graph_->options().job_name), started_(time_.steady()),
    cpu_before_(cpu_seconds()),
    own_(system == nullptr ? std::make_unique<own_system>() : nullptr),
    system_(system == nullptr ? own_->get() : *system),
    workers_(std::move(workers)), listener_(std::move(listener)) {
  worker_context shared;
  shared.time = &time_;
  shared.metrics = &metrics_;
  shared.log = logger::to_stderr();
  shared.background = &background_;
  shared.encoders = &encoders_;
  shared.storage = std::move(checkpoints.storage);
  shared.end_process = [] { _exit(to_int(exit_code::failed)); };
  resource_manager_ = system_.spawn<resource_manager_actor, caf::detached>();
  if (workers_)
    workers_->start(system_, shared, resource_manager_,
                    slot_count(*graph_, options, workers_->count()));
  else
    task_manager_ = system_.spawn<task_manager_actor, caf::detached>(
      shared, resource_manager_, 0U, slot_count(*graph_, options, 1));
  dispatcher_ =
    system_.spawn<dispatcher_actor, caf::detached>(shared, resource_manager_);
  client_ = system_.spawn(hear, this);
  caf::anon_send(
    dispatcher_, submit_atom::value,
    submission{graph_, options, std::move(checkpoints.start), client_});
}

caf::behavior embedded_cluster::hear(caf::event_based_actor*,
                                     embedded_cluster* cluster) {
  return {
    [cluster](accepted_atom, const caf::actor& job_manager) {
      const std::lock_guard guard{cluster->mutex_};
      cluster->job_manager_ = job_manager;
      cluster->changed_.notify_all();
    },
    [cluster](jobended_atom, const job_end& end) { cluster->take_end(end); },
  };
}

embedded_cluster::~embedded_cluster() {
  cancel();
  {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return result_.has_value(); });
  }
  shut_down();
}

/// The actors reach into this object, so it waits until they are gone.
void embedded_cluster::shut_down() {
  metrics_server_.reset();
  caf::scoped_actor self{system_};
  workers_.reset();
  for (const auto& actor : {dispatcher_, task_manager_, resource_manager_})
    if (actor)
      self->send(actor, cancel_atom::value);
  self->send_exit(client_, caf::exit_reason::user_shutdown);
  self->wait_for(dispatcher_, resource_manager_, client_);
  if (task_manager_)
    self->wait_for(task_manager_);
}

void embedded_cluster::take_end(const job_end& end) {
  if (workers_)
    workers_->end(); // what they used is known then
  job_result result{end.outcome, end.cause, summary_of(end), end.failures,
                    end.checkpoints.resume_from};
  if (listener_) // before `wait` returns, which may take this object away
    caf::anon_send(listener_, jobended_atom::value, result);
  const std::lock_guard guard{mutex_};
  history_ = end.checkpoints.history;
  result_ = std::move(result);
  changed_.notify_all();
  if (when_ended_)
    when_ended_();
}

job_summary embedded_cluster::summary_of(const job_end& end) const {
  const job_totals sums = totals();
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  job_summary summary;
  summary.job = job_name_;
  summary.status = end.outcome;
  summary.records_in = sums.records_in;
  summary.records_out = sums.records_out;
  summary.late_records = sums.late_records;
  summary.skipped_records = sums.skipped_records;
  summary.counters = sums.user_counters;
  summary.seconds =
    std::chrono::duration<double>(time_.steady() - started_).count();
  summary.cpu_seconds = cpu_seconds() - cpu_before_;
  summary.peak_rss_bytes = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
  summary.restarts = end.restarts;
  summary.checkpoints_completed = end.checkpoints.completed;
  const auto& reports = end.checkpoints.history.reports();
  summary.checkpoints.assign(reports.begin(), reports.end());
  if (workers_) {
    summary.cpu_seconds += workers_->board().cpu_seconds();
    summary.peak_rss_bytes += workers_->board().peak_rss_bytes();
  }
  return summary;
}

job_totals embedded_cluster::totals() const {
  return workers_ ? workers_->board().totals() : metrics_.totals(job_name_);
}

std::optional<job_result>
embedded_cluster::wait(std::chrono::milliseconds at_most) {
  std::unique_lock lock{mutex_};
  changed_.wait_for(lock, at_most, [this] { return result_.has_value(); });
  return result_;
}

void embedded_cluster::on_end(std::function<void()> f) {
  const std::lock_guard guard{mutex_};
  if (result_)
    f();
  else
    when_ended_ = std::move(f);
}

caf::actor embedded_cluster::job_manager() {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [this] { return job_manager_ || result_; });
  return job_manager_;
}

void embedded_cluster::stop() {
  caf::anon_send<caf::message_priority::high>(job_manager(), stop_atom::value);
}

void embedded_cluster::cancel() {
  caf::anon_send<caf::message_priority::high>(job_manager(),
                                              cancel_atom::value);
}

void embedded_cluster::take_checkpoint() {
  caf::anon_send(job_manager(), ckptnow_atom::value);
}

checkpoint_history embedded_cluster::checkpoints() {
  checkpoint_history history;
  {
    const std::lock_guard guard{mutex_};
    if (result_)
      return history_;
  }
  caf::scoped_actor self{system_};
  self->request(job_manager(), status_timeout, ckpthist_atom::value)
    .receive([&](checkpoint_history& answer) { history = std::move(answer); },
             [](caf::error&) {}); // it is just ending
  return history;
}

job_status_report embedded_cluster::status() {
  job_status_report report;
  {
    const std::lock_guard guard{mutex_};
    if (result_)
      report.state = result_->outcome == job_outcome::failed
                       ? job_state::failed
                       : job_state::finished;
  }
  caf::scoped_actor self{system_};
  self->request(job_manager(), status_timeout, status_atom::value)
    .receive([&](job_status_report& answer) { report = std::move(answer); },
             [](caf::error&) {}); // ended meanwhile: what is known is shown
  report.progress = progress();
  return report;
}

progress_facts embedded_cluster::progress() {
  const job_totals sums = totals();
  progress_facts facts;
  facts.records_in = sums.records_in;
  facts.late_records = sums.late_records;
  facts.watermark = sums.watermark;
  return facts;
}

std::string embedded_cluster::metrics() {
  std::string own = metrics_.render_prometheus(time_.steady());
  if (!workers_)
    return own;
  auto texts = workers_->board().texts();
  texts.push_back(std::move(own));
  return merged_text(texts);
}

void embedded_cluster::serve_metrics(
  std::unique_ptr<metrics_listener> listener) {
  metrics_server_ = std::make_unique<metrics_server>(
    system_, std::move(listener), [this] { return metrics(); });
}

expected<std::unique_ptr<metrics_listener>>
listen_for_metrics(const job_options& options) {
  if (!options.metrics)
    return std::unique_ptr<metrics_listener>{};
  auto opened = metrics_listener::open(*options.metrics);
  if (opened && options.metrics->port == 0)
    std::cerr << options.job_name << ": metrics on http://"
              << options.metrics->host << ':' << (*opened)->port() << "/metrics"
              << std::endl;
  return opened;
}

expected<std::unique_ptr<running_job>>
start_job(std::shared_ptr<const job_graph> graph, const job_options& options) {
  const std::uint32_t execution = next_execution();
  if (in_worker_process())
    return serve_as_worker(execution, std::move(graph), options);
  auto checkpoints =
    set_up_checkpoints(local_files(), graph, options, logger::to_stderr());
  if (!checkpoints)
    return checkpoints.error();
  std::unique_ptr<worker_processes> workers;
  if (options.processes > 0) {
    auto prepared = worker_processes::prepare(options.processes, execution,
                                              *graph, checkpoints->graph);
    if (!prepared)
      return prepared.error();
    workers = std::move(*prepared);
  }
  auto listener = listen_for_metrics(options);
  if (!listener)
    return listener.error();
  auto cluster = std::make_unique<embedded_cluster>(
    std::move(*checkpoints), options, nullptr, caf::actor{},
    std::move(workers));
  if (*listener)
    cluster->serve_metrics(std::move(*listener));
  return std::unique_ptr<running_job>{std::move(cluster)};
}

} // namespace flow
