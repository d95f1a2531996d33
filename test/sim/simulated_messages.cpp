#include "actors/job_manager/job_manager_actor.hpp"
#include "actors/subtask/subtask_actor.hpp"
#include "test/sim/simulated_run.hpp"

/// What a run does with a message before it is taken.
namespace flow::sim {

namespace {

constexpr std::uint64_t most_reports_to_death = 20;
constexpr std::uint64_t each_other = 32; // report may come again

} // namespace

void simulated_run::before_message(caf::scheduled_actor& actor) {
  actors_.emplace(actor.id(), actor.address());
  const auto message = peek(actor);
  trace([&] {
    return std::to_string(result_.messages) + " " + actor.name() + "#"
           + std::to_string(actor.id()) + " <- " + describe_next(actor);
  });
  crash_before(actor);
  if (died_ || cut_before(actor, message) || notify_wrongly(actor, message))
    return;
  if (is_report(message.kind)
      && dynamic_cast<job_manager_actor*>(&actor) != nullptr
      && report_wrongly(actor, message))
    return;
  watch(actor, message);
}

/// Lets the actor die before it takes its message. Any but a subtask takes the
/// process with it.
void simulated_run::crash_before(caf::scheduled_actor& actor) {
  if (dynamic_cast<subtask_actor*>(&actor) == nullptr) {
    if (plan_.strikes(fault::process_crash))
      die();
    return;
  }
  if (!plan_.strikes(fault::subtask_crash))
    return;
  trace([] { return "   dies"; });
  caf::anon_send_exit(caf::actor_cast<caf::actor>(&actor),
                      caf::exit_reason::kill);
}

/// A link is cut: what is under way on one channel vanishes, and after a while
/// the receiver notices. Whether the message is lost is the result.
bool simulated_run::cut_before(caf::scheduled_actor& actor,
                               const next_message& message) {
  if (message.kind != message_kind::element)
    return false;
  if (!cut_ && plan_.strikes(fault::cut_link))
    cut_ = cut_link{actor.address(), message.channel,
                    now() + std::chrono::milliseconds{plan_.below(50)}};
  if (!cut_ || cut_->receiver != actor.address()
      || cut_->channel != message.channel)
    return false;
  trace([] { return "   is lost on a cut link"; });
  drop_next(actor);
  return true;
}

/// News of a checkpoint is lost, late or doubled; true when it does not arrive
/// now.
bool simulated_run::notify_wrongly(caf::scheduled_actor& actor,
                                   const next_message& message) {
  if (message.kind != message_kind::completed
      && message.kind != message_kind::aborted)
    return false;
  if (plan_.strikes(fault::doubled_notification, 8)) {
    trace([] { return "   will come again"; });
    hold_back(actor);
    return false;
  }
  const bool late = plan_.strikes(fault::late_notification, 8);
  if (!late && !plan_.strikes(fault::lost_notification, 8))
    return false;
  trace([&] { return late ? "   is late" : "   is lost"; });
  if (late)
    hold_back(actor);
  drop_next(actor);
  return true;
}

/// A report to the job manager comes twice; or a subtask dies while it is under
/// way, so that it arrives when nobody waits for it any more; or all that is
/// reported until a subtask dies comes again after that. True when it does not
/// arrive now.
bool simulated_run::report_wrongly(caf::scheduled_actor& actor,
                                   const next_message& message) {
  write_down(actor, message);
  const bool at_end = message.kind == message_kind::at_end;
  const std::uint64_t odds = at_end ? 64 : 8; // ends are few
  if (plan_.strikes(fault::doubled_report, odds)) {
    trace([] { return "   will come again"; });
    hold_back(actor);
    return false;
  }
  const auto subtasks = live_subtasks();
  if (subtasks.empty())
    return false;
  if (death_after_ && (*death_after_)-- == 0) {
    trace([] { return "   a subtask dies, and the reports come again"; });
    death_after_.reset();
    journal_.repeat();
    kill_one_of(subtasks);
    return false;
  }
  // Mostly ends: most else says nothing to another attempt.
  if (!death_after_ && (at_end || plan_.below(each_other) == 0)
      && plan_.strikes(fault::stale_reports, at_end ? 256 : 8))
    death_after_ = plan_.below(most_reports_to_death);
  if (!plan_.strikes(fault::late_report, odds))
    return false;
  trace([] { return "   is late, and a subtask dies"; });
  hold_back(actor);
  drop_next(actor);
  kill_one_of(subtasks);
  return true;
}

/// What is reported may have to come again, soon after a new attempt has begun.
void simulated_run::write_down(caf::scheduled_actor& actor,
                               const next_message& message) {
  if (!plan_.may_strike(fault::stale_reports) && !death_after_
      && !journal_.repeats())
    return;
  if (const auto again = journal_.arrives(message.attempt); !again.empty()) {
    const auto due = now() + std::chrono::milliseconds{plan_.below(25)};
    for (const auto& report : again)
      late_.push_back({actor.address(), report, due});
  }
  journal_.keep(message.attempt, copy_next(actor));
}

std::vector<caf::actor> simulated_run::live_subtasks() const {
  std::vector<caf::actor> result;
  for (const auto& [id, address] : actors_) {
    auto each = caf::actor_cast<caf::actor>(address);
    if (!each)
      continue;
    auto* subtask =
      dynamic_cast<subtask_actor*>(caf::actor_cast<caf::abstract_actor*>(each));
    if (subtask != nullptr
        && !subtask->getf(caf::abstract_actor::is_terminated_flag))
      result.push_back(std::move(each));
  }
  return result;
}

void simulated_run::kill_one_of(const std::vector<caf::actor>& subtasks) {
  caf::anon_send_exit(subtasks[plan_.below(subtasks.size())],
                      caf::exit_reason::kill);
}

/// Keeps a copy of the actor's next message for later.
void simulated_run::hold_back(caf::scheduled_actor& actor) {
  late_.push_back({actor.address(), copy_next(actor),
                   now() + std::chrono::milliseconds{plan_.below(300)}});
}

void simulated_run::watch(caf::scheduled_actor& actor,
                          const next_message& message) {
  if (message.kind == message_kind::completed)
    checks_.completed_is_told(message.checkpoint_id);
  watch_checkpoints(message);
  // Where nothing is lost on a link, somebody was told what may not be said.
  if (message.cause && message.cause->code == error_code::corrupt_data
      && plan_.counts()[fault::cut_link] == 0)
    result_.problems.push_back("a subtask failed: " + message.cause->text);
  if (message.kind != message_kind::element)
    return;
  const auto kind = message.element->kind();
  if (kind != element_kind::data && kind != element_kind::watermark)
    return;
  if (const auto mark = message.element->watermark(); mark != min_timestamp)
    checks_.watermark_arrives(actor.id(), message.channel, mark);
}

/// Whether checkpoints get done is judged where the job is one region.
void simulated_run::watch_checkpoints(const next_message& message) {
  const bool triggers =
    message.kind == message_kind::decision
    && message.decision->what == checkpoint_step::kind::trigger;
  if (triggers)
    stop_job(64); // a stop and a barrier at once are what is hard
  if (job_.two_regions)
    return;
  if (message.kind == message_kind::attempt_runs)
    liveness_.attempt_runs(undisturbed());
  else if (message.kind == message_kind::attempt_ends)
    liveness_.attempt_ends();
  else if (message.kind == message_kind::decline)
    liveness_.declined(message.checkpoint_id);
  if (message.kind != message_kind::decision)
    return;
  const checkpoint_step& step = *message.decision;
  if (triggers)
    liveness_.triggered(step.id);
  else if (step.what == checkpoint_step::kind::notify_completed)
    liveness_.completed(step.id);
  else if (step.what == checkpoint_step::kind::notify_aborted)
    liveness_.given_up(step.id, step.failure);
}

/// Whether nothing that went wrong before has its effect now. Where a disk was
/// slow timers may go off late.
bool simulated_run::undisturbed() const {
  return late_.empty() && !cut_ && !told_to_stop_ && !disk_.full()
         && plan_.counts()[fault::slow_disk] == slow_before_;
}

} // namespace flow::sim
