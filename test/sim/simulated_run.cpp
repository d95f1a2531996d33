#include "test/sim/simulated_run.hpp"

#include <algorithm>

#include "libflow/connectors/files/output_directory.hpp"

namespace flow::sim {

namespace {

/// More than any run needs: one that takes more does not come to its end.
constexpr std::uint64_t most_messages = 400'000;
constexpr std::chrono::minutes longest_process{5};
constexpr std::uint64_t most_processes = 60;
constexpr std::uint32_t most_restarts = 300; // of a process
/// Faults stop by then, if the run has not used them up.
constexpr std::uint64_t messages_with_faults = 60'000;
constexpr std::uint64_t processes_with_faults = 8;
/// How often, in messages, the disk is looked at.
constexpr std::uint64_t look_every = 256;

constexpr std::uint64_t messages_per_pace = 4'096;
constexpr std::chrono::milliseconds tick{2};
/// Whoever starts the job again needs as long to notice.
constexpr std::chrono::milliseconds restart_pause{500};

/// Those that any seed may draw; the others come by choose_by_number.
constexpr std::size_t first_branches = 8;

const std::string job_id_text(32, 'a');

} // namespace

simulated_run::simulated_run(std::uint64_t seed,
                             std::function<void(const std::string&)> trace)
  : simulated_run(fault_plan{seed}, std::move(trace)) {}

simulated_run::simulated_run(std::uint64_t seed, single_fault only)
  : simulated_run(fault_plan{seed, only}, {}) {}

simulated_run::simulated_run(fault_plan plan,
                             std::function<void(const std::string&)> trace)
  : plan_(std::move(plan)), trace_(std::move(trace)),
    disk_(
      plan_, [this] { return now(); },
      [this](std::chrono::milliseconds by) {
        if (cluster_)
          cluster_->world.time.advance(by);
      },
      [this] { die(); }),
    checks_(disk_, store_, result_.problems) {
  disk_.provide(std::string{sim_checkpoints});
  disk_.provide(std::string{sim_output});
  choose_settings();
}

std::chrono::nanoseconds simulated_run::now() const {
  return cluster_ ? before_ + cluster_->world.time.steady() : before_;
}

/// What the whole run has in common.
void simulated_run::choose_settings() {
  job_.numbers.burst = static_cast<std::int64_t>(1 + plan_.below(6));
  job_.numbers.keys = static_cast<std::int64_t>(1 + plan_.below(8));
  job_.second = static_cast<branch>(plan_.below(first_branches));
  job_.at_least_once = plan_.below(4) == 0;
  job_.ballast_bytes = plan_.below(4) == 0 ? 20'000 : 0;
  job_.second_sink = static_cast<sink_kind>(plan_.below(sink_kinds));
  settings_.job_name = "sim";
  settings_.job_id = job_id_text;
  settings_.parallelism = static_cast<std::uint32_t>(1 + plan_.below(3));
  settings_.max_parallelism = 8;
  settings_.auto_watermark_interval = duration_ms{10};
  settings_.restart.kind = restart_kind::fixed_delay;
  settings_.restart.fixed_delay.attempts = most_restarts;
  settings_.restart.fixed_delay.delay = duration_ms{20};
  auto& checkpoints = settings_.checkpoints;
  checkpoints.dir = sim_checkpoints;
  checkpoints.interval = duration_ms{static_cast<int>(10 + plan_.below(60))};
  checkpoints.timeout = duration_ms{static_cast<int>(50 + plan_.below(500))};
  checkpoints.num_retained = static_cast<std::uint32_t>(1 + plan_.below(3));
  checkpoints.max_concurrent = static_cast<std::uint32_t>(1 + plan_.below(2));
  if (job_.at_least_once)
    checkpoints.mode = barrier_mode::at_least_once;
  checkpoints.tolerable_failures = static_cast<std::uint32_t>(plan_.below(3));
  choose_by_number();
  liveness_.expect(checkpoints, job_.second == branch::async_ordered
                                  || job_.second == branch::async_unordered);
}

/// What was added later leaves most seeds as they were.
void simulated_run::choose_by_number() {
  const std::uint64_t seed = plan_.seed();
  job_.two_regions = seed % 5 == 4;
  // What a count window holds is chance where records come twice.
  if (seed % 5 == 0)
    job_.second = seed % 10 == 0 || job_.at_least_once ? branch::operator_lists
                                                       : branch::count_windows;
  // What is held is let go by timers of keys: every subtask needs some.
  if (job_.second == branch::operator_lists) {
    job_.numbers.keys = 24;
    job_.numbers.per_key = 14;
  }
}

run_result simulated_run::to_end() {
  trace([&] {
    return "-- job "
           + std::string{branch_names[static_cast<std::size_t>(job_.second)]}
           + (job_.two_regions ? " by itself" : "")
           + (job_.at_least_once ? ", at least once" : ", exactly once");
  });
  for (;; ++result_.processes) {
    if (run_process() == process_end::finished || !result_.problems.empty())
      break;
    if (result_.processes >= processes_with_faults)
      plan_.end();
    if (result_.processes >= most_processes) {
      result_.problems.emplace_back("the job does not come to its end");
      break;
    }
  }
  result_.faults = plan_.counts();
  result_.job = job_;
  result_.chances = plan_.chances();
  result_.undisturbed = liveness_.undisturbed();
  const auto& faults = result_.faults;
  if (result_.problems.empty())
    checks_.job_finished(job_, settings_.checkpoints.num_retained,
                         faults[fault::io_error] + faults[fault::disk_full]
                             + faults[fault::process_crash]
                           > 0);
  for (const auto& text : result_.problems)
    trace([&] { return "PROBLEM: " + text; });
  return std::move(result_);
}

job_options simulated_run::options_of_process() {
  job_options options = settings_;
  options.buffer_timeout = duration_ms{static_cast<int>(plan_.below(3)) * 5};
  if (result_.processes > 1 && plan_.strikes(fault::rescale, 32))
    settings_.parallelism = options.parallelism =
      static_cast<std::uint32_t>(1 + plan_.below(4));
  if (!checks_.published().empty())
    options.restore = "latest";
  return options;
}

sim_surroundings simulated_run::surroundings_of(const beginning& process) {
  sim_surroundings result{process.files, process.background, {}};
  store_.forget_process();
  if (job_.second_sink == sink_kind::transactions)
    result.store = store_.transactional();
  else if (job_.second_sink == sink_kind::batches)
    result.store = store_.write_ahead();
  return result;
}

/// All that is done before there are actors.
expected<simulated_run::beginning> simulated_run::begin_process() {
  beginning result;
  result.files = disk_.mount();
  result.background = std::make_shared<seeded_executor>();
  result.options = options_of_process();
  const bool fresh = !result.options.restore;
  if (fresh)
    store_.clear();
  checks_.process_begins(std::exchange(forgotten_, false), fresh);
  trace([&] {
    return "-- process " + std::to_string(result_.processes) + ", parallelism "
           + std::to_string(result.options.parallelism)
           + (fresh ? ", from the beginning" : ", from the latest checkpoint");
  });
  if (auto ready = prepare_output_directory(
        *result.files, std::string{sim_output},
        fresh ? output_mode::overwrite : output_mode::restore);
      !ready)
    return ready.error();
  auto setup = set_up_checkpoints(
    result.files, sim_graph(job_, result.options, surroundings_of(result)),
    result.options,
    logger{log_level::off, [](std::string_view) {}, [] { return 0; }});
  if (!setup)
    return setup.error();
  result.setup = std::move(*setup);
  return result;
}

/// One process, from its start to its end.
simulated_run::process_end simulated_run::run_process() {
  before_ += restart_pause;
  died_ = false;
  const auto from = begin_process();
  if (from)
    return run_cluster(*from);
  trace([&] { return "-- does not start: " + from.error().text; });
  // Faults of the disk are excuses, bytes that fail their checks are not.
  if (from.error().code != error_code::io && !died_)
    result_.problems.push_back("a start was refused: " + from.error().text);
  return process_end::failed;
}

simulated_run::process_end simulated_run::run_cluster(const beginning& from) {
  seeded_executor& background = *from.background;
  simulated_cluster cluster{
    from.setup.graph, from.options, 16,
    [&](simulation& world) {
      world.time.set_now(std::chrono::floor<duration_ms>(before_).count());
      world.context.background = &background;
      world.context.encoders = &background;
      world.context.storage = from.setup.storage;
    },
    from.setup.start};
  cluster_ = &cluster;
  slow_before_ = plan_.counts()[fault::slow_disk];
  const auto lasts_too_long = [&] {
    return result_.messages >= most_messages
           || cluster.world.time.steady() >= longest_process;
  };
  while (!cluster.end && !died_ && result_.problems.empty()
         && !lasts_too_long())
    step(cluster, background);
  if (lasts_too_long())
    result_.problems.emplace_back("the job does not come to rest");
  before_ += cluster.world.time.steady();
  cluster_ = nullptr;
  const auto end = cluster.end;
  if (!end)
    died_ = true;
  kill_all(cluster);
  if (died_)
    return process_end::died;
  while (background.has_work() && !died_) // as a process does before it ends
    background.run_one(plan_);
  result_.restarts += end->restarts;
  result_.checkpoints += end->checkpoints.completed;
  return clean_up(from, *end);
}

/// What a program does when its job has ended.
simulated_run::process_end simulated_run::clean_up(const beginning& from,
                                                   const job_end& end) {
  trace([&] {
    return "-- ended: "
           + (end.cause ? end.cause->text
                        : std::string{to_string(end.outcome)});
  });
  if (end.outcome == job_outcome::failed) {
    // One region failed behind the last checkpoint of a stop.
    if (job_.two_regions && end.cause->code == error_code::cancelled)
      return process_end::failed;
    // Everything that goes wrong here is made up for by a restart.
    result_.problems.push_back("the job has failed: " + end.cause->text);
    return process_end::failed;
  }
  const bool stopped = end.outcome == job_outcome::stopped;
  if (auto clean = remove_hidden_parts(*from.files, std::string{sim_output});
      !clean)
    return process_end::failed;
  if (!stopped)
    return process_end::finished;
  if (checks_.published().empty())
    result_.problems.emplace_back("a stopped job has left no checkpoint");
  return process_end::stopped;
}

/// One message of one actor, one piece of work in the background, or a while
/// in which nothing happens.
void simulated_run::step(simulated_cluster& cluster,
                         seeded_executor& background) {
  auto& scheduler = cluster.world.scheduler();
  // The machine is slow and fast by turns. Were it always slow, checkpoints
  // could expire for ever.
  const bool slow = result_.messages / messages_per_pace % 2 == 0;
  if (background.has_work()
      && (plan_.below(8) == 0 || (!slow && !scheduler.has_job()))) {
    trace([] { return "   work in the background"; });
    background.run_one(plan_);
    return;
  }
  if (!scheduler.has_job() || (slow && plan_.below(16) == 0)) {
    const bool rests =
      !scheduler.has_job() && !background.has_work() && late_.empty() && !cut_;
    pass_time(cluster);
    if (rests)
      liveness_.rests(tick);
    return;
  }
  stop_job(1);
  auto& jobs = scheduler.jobs;
  std::swap(jobs.front(), jobs[plan_.below(jobs.size())]);
  if (auto* actor = dynamic_cast<caf::scheduled_actor*>(jobs.front()))
    before_message(*actor);
  if (died_)
    return;
  if (++result_.messages == messages_with_faults)
    plan_.end();
  scheduler.run_once();
  // What a disk has forgotten is looked at when the next process begins.
  if (!died_ && result_.messages % look_every == 0)
    checks_.look();
}

/// Somebody stops the job, perhaps more than once.
/// @param odds  as of fault_plan::strikes
void simulated_run::stop_job(std::uint64_t odds) {
  if (!cluster_->job_manager || !plan_.strikes(fault::clean_stop, odds))
    return;
  told_to_stop_ = true;
  trace([] { return "   is told to stop"; });
  caf::anon_send(cluster_->job_manager, stop_atom::value);
}

/// Time goes on, and what was held back until then arrives.
void simulated_run::pass_time(simulated_cluster& cluster) {
  cluster.world.advance(tick);
  if (cut_ && now() >= cut_->noticed) {
    trace([] { return "   the cut link is noticed"; });
    if (auto receiver = caf::actor_cast<caf::actor>(cut_->receiver))
      caf::anon_send_exit(receiver, caf::exit_reason::remote_link_unreachable);
    cut_.reset();
  }
  late_.remove_if([&](const late_message& each) {
    if (now() < each.due)
      return false;
    trace([] { return "   what was late arrives"; });
    if (auto receiver = caf::actor_cast<caf::actor>(each.receiver))
      caf::anon_send(receiver, each.content);
    return true;
  });
}

/// The process dies, and in half of the cases the machine with it.
void simulated_run::die() {
  forgotten_ = plan_.below(2) == 0;
  trace([&] {
    return std::string{"   the process dies"}
           + (forgotten_ ? ", and the disk forgets" : "");
  });
  if (forgotten_)
    disk_.crash();
  else
    disk_.unmount();
  store_.forget_process();
  died_ = true;
}

/// Ends what is left of a process: its files are out of reach already, unless
/// it ended by itself.
void simulated_run::kill_all(simulated_cluster& cluster) {
  cluster.job_manager = {};
  auto kill = [](const caf::actor_addr& address) {
    if (auto handle = caf::actor_cast<caf::actor>(address))
      caf::anon_send_exit(handle, caf::exit_reason::kill);
  };
  if (died_)
    for (const auto& [id, address] : actors_)
      kill(address);
  auto& scheduler = cluster.world.scheduler();
  while (scheduler.has_job()) {
    auto* actor = dynamic_cast<caf::scheduled_actor*>(scheduler.jobs.front());
    if (died_ && actor != nullptr
        && actors_.emplace(actor->id(), actor->address()).second)
      kill(actor->address());
    scheduler.run_once();
  }
  actors_.clear();
  cut_.reset();
  late_.clear();
  journal_ = {};
  death_after_.reset();
  told_to_stop_ = false;
  liveness_.attempt_ends();
}

void simulated_run::trace(const std::function<std::string()>& text) const {
  if (trace_)
    trace_(text());
}

} // namespace flow::sim
