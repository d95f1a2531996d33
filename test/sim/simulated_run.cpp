#include "test/sim/simulated_run.hpp"

#include <algorithm>

#include "actors/subtask/subtask_actor.hpp"
#include "libflow/connectors/files/output_directory.hpp"

namespace flow::sim {

namespace {

/// More than any run needs: a run that takes more does not come to its end.
constexpr std::uint64_t most_messages = 400'000;
constexpr std::uint64_t most_processes = 40;
/// Faults stop by then, if the run has not used them up.
constexpr std::uint64_t messages_with_faults = 60'000;
constexpr std::uint64_t processes_with_faults = 8;
/// How often, in messages, the visible files are compared with before.
constexpr std::uint64_t look_every = 512;

constexpr std::chrono::milliseconds tick{2};
/// Whoever starts the job again needs as long to notice.
constexpr std::chrono::milliseconds restart_pause{500};

bool is_part(const std::string& path) {
  return path.find("/part-") != std::string::npos;
}

} // namespace

simulated_run::simulated_run(std::uint64_t seed,
                             std::function<void(const std::string&)> trace)
  : plan_(seed), trace_(std::move(trace)),
    disk_(
      plan_,
      [this] {
        return cluster_ ? before_ + cluster_->world.time.steady() : before_;
      },
      [this](std::chrono::milliseconds by) {
        if (cluster_)
          cluster_->world.time.advance(by);
      },
      [this] { die(); }) {
  parallelism_ = static_cast<std::uint32_t>(1 + plan_.below(3));
  job_.burst = static_cast<std::int64_t>(1 + plan_.below(8));
  job_.keys = static_cast<std::int64_t>(1 + plan_.below(8));
}

run_result simulated_run::to_end() {
  for (;; ++result_.processes) {
    const auto ended = run_process();
    if (ended == process_end::finished)
      break;
    if (result_.processes >= processes_with_faults)
      plan_.end();
    if (result_.processes >= most_processes) {
      problem("the job does not come to its end");
      break;
    }
    if (!result_.problems.empty())
      break;
  }
  if (result_.problems.empty())
    check_end();
  result_.faults = plan_.counts();
  return std::move(result_);
}

job_options simulated_run::options_of_process() {
  job_options options;
  options.job_name = "sim";
  options.parallelism = parallelism_;
  options.buffer_timeout = duration_ms{static_cast<int>(plan_.below(3)) * 5};
  options.auto_watermark_interval = duration_ms{10};
  options.restart.kind = restart_kind::fixed_delay;
  options.restart.fixed_delay.attempts = 1'000;
  options.restart.fixed_delay.delay = duration_ms{20};
  return options;
}

/// One process, from its start to its end.
simulated_run::process_end simulated_run::run_process() {
  before_ += restart_pause;
  died_ = false;
  const auto files = disk_.mount();
  const auto options = options_of_process();
  trace([&] {
    return "-- process " + std::to_string(result_.processes) + ", parallelism "
           + std::to_string(options.parallelism);
  });
  if (auto ready = prepare_output_directory(*files, std::string{sim_output},
                                            output_mode::overwrite);
      !ready) {
    trace([&] { return "refused: " + ready.error().text; });
    return process_end::failed;
  }
  visible_.clear();
  simulated_cluster cluster{
    sim_graph(job_, options, files), options, 16, [this](simulation& world) {
      world.time.set_now(std::chrono::floor<duration_ms>(before_).count());
    }};
  cluster_ = &cluster;
  while (!cluster.end && !died_ && result_.problems.empty()
         && result_.messages < most_messages)
    step(cluster);
  before_ += cluster.world.time.steady();
  cluster_ = nullptr;
  const auto end = cluster.end;
  kill_all(cluster);
  if (result_.messages >= most_messages)
    problem("the job does not come to rest");
  if (died_ || !end)
    return process_end::died;
  result_.restarts += end->restarts;
  trace([&] {
    return "-- ended: "
           + (end->cause ? end->cause->text : std::string{"finished"});
  });
  if (end->outcome != job_outcome::finished)
    return process_end::failed;
  if (auto clean = remove_hidden_parts(*files, std::string{sim_output}); !clean)
    return died_ ? process_end::died : process_end::failed;
  return process_end::finished;
}

/// One message of one actor, or a while in which nothing happens.
void simulated_run::step(simulated_cluster& cluster) {
  auto& scheduler = cluster.world.scheduler();
  if (!scheduler.has_job() || plan_.below(16) == 0) {
    cluster.world.advance(tick);
    notice_cut();
    return;
  }
  auto& jobs = scheduler.jobs;
  std::swap(jobs.front(), jobs[plan_.below(jobs.size())]);
  auto* actor = dynamic_cast<caf::scheduled_actor*>(jobs.front());
  if (actor != nullptr) {
    actors_.emplace(actor->id(), actor->address());
    const auto message = peek(*actor);
    trace([&] {
      return std::to_string(result_.messages) + " " + actor->name() + "#"
             + std::to_string(actor->id()) + " <- " + describe_next(*actor);
    });
    if (crash_before(*actor))
      return;
    if (!cut_before(*actor, message))
      watch(*actor, message);
  }
  if (++result_.messages == messages_with_faults)
    plan_.end();
  scheduler.run_once();
  if (result_.messages % look_every == 0)
    check_visible();
}

/// Lets the actor die before it takes its message. Any but a subtask takes the
/// process with it.
bool simulated_run::crash_before(caf::scheduled_actor& actor) {
  if (dynamic_cast<subtask_actor*>(&actor) != nullptr) {
    if (plan_.strikes(fault::subtask_crash)) {
      trace([] { return "   dies"; });
      auto handle = caf::actor_cast<caf::actor>(&actor);
      caf::anon_send_exit(handle, caf::exit_reason::kill);
    }
    return false;
  }
  if (!plan_.strikes(fault::process_crash))
    return false;
  die();
  return true;
}

/// The process dies, and in half of the cases the machine with it.
void simulated_run::die() {
  const bool forgets = plan_.below(2) == 0;
  trace([&] {
    return std::string{"   the process dies"}
           + (forgets ? ", and the disk forgets" : "");
  });
  if (forgets)
    disk_.crash();
  else
    disk_.unmount();
  died_ = true;
}

/// A link is cut: what is under way on one channel vanishes, and after a while
/// the receiver notices. Whether the message is lost is the result.
bool simulated_run::cut_before(caf::scheduled_actor& actor,
                               const next_message& message) {
  if (message.kind != message_kind::element)
    return false;
  if (!cut_ && plan_.strikes(fault::cut_link))
    cut_ = cut_link{actor.address(), message.channel,
                    cluster_->world.time.steady()
                      + std::chrono::milliseconds{plan_.below(50)}};
  if (!cut_ || cut_->receiver != actor.address()
      || cut_->channel != message.channel)
    return false;
  drop_next(actor);
  trace([] { return "   is lost on a cut link"; });
  return true;
}

void simulated_run::notice_cut() {
  if (!cut_ || cluster_->world.time.steady() < cut_->noticed)
    return;
  trace([] { return "   the cut link is noticed"; });
  if (auto receiver = caf::actor_cast<caf::actor>(cut_->receiver))
    caf::anon_send_exit(receiver, caf::exit_reason::remote_link_unreachable);
  cut_.reset();
}

/// Watermarks of a channel never go back.
void simulated_run::watch(caf::scheduled_actor& actor,
                          const next_message& message) {
  if (message.kind != message_kind::element)
    return;
  const auto kind = message.element->kind();
  if (kind != element_kind::data && kind != element_kind::watermark)
    return;
  const auto mark = message.element->watermark();
  if (mark == min_timestamp)
    return;
  auto [last, first] =
    watermarks_.try_emplace({actor.id(), message.channel}, mark);
  if (!first && mark < last->second)
    problem("a watermark went back from " + std::to_string(last->second)
            + " to " + std::to_string(mark));
  last->second = mark;
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
  watermarks_.clear();
  cut_.reset();
}

/// What was visible stays as it was.
void simulated_run::check_visible() {
  auto now = disk_.files_below(std::string{sim_output});
  std::erase_if(now, [](const auto& each) { return !is_part(each.first); });
  for (const auto& [path, text] : visible_) {
    const auto found = now.find(path);
    if (found == now.end())
      problem(path + " was visible and has vanished");
    else if (found->second != text)
      problem(path + " was visible and has changed");
  }
  visible_ = std::move(now);
}

void simulated_run::check_end() {
  const auto files = disk_.files_below(std::string{sim_output});
  for (const auto& [path, text] : files)
    if (!is_part(path))
      problem(path + " is left behind");
  for (const auto& text : audit(job_, files, {true, false}))
    problem(text);
}

void simulated_run::problem(const std::string& text) {
  trace([&] { return "PROBLEM: " + text; });
  result_.problems.push_back(text);
}

void simulated_run::trace(const std::function<std::string()>& text) const {
  if (trace_)
    trace_(text());
}

} // namespace flow::sim
