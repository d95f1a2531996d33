#include "actors/checkpoint_coordinator/checkpoint_coordinator_actor.hpp"

#include <algorithm>
#include <utility>

#include "actors/messages/deploy_messages.hpp"
#include "actors/messages/source_messages.hpp"

namespace flow {

FLOW_ATOM(tick)
FLOW_ATOM(stored)
FLOW_ATOM(storefail)

checkpoint_coordinator_actor::checkpoint_coordinator_actor(
  caf::actor_config& config, settings what, worker_context shared,
  caf::actor job_manager)
  : caf::event_based_actor(config), shared_(std::move(shared)),
    keeps_state_(what.keeps_state), retention_(what.options.retention),
    job_manager_(std::move(job_manager)),
    decisions_(what.options, std::move(what.plan), what.start.next_id,
               std::move(what.start.retained)),
    latest_(std::move(what.start.from)) {
  set_default_handler(caf::drop);
}

caf::behavior checkpoint_coordinator_actor::make_behavior() {
  return {
    [this](ckptack_atom, checkpoint_ack& ack) {
      perform(decisions_.acknowledged(std::move(ack), now()));
    },
    [this](srcstate_atom, source_state& state) {
      perform(decisions_.coordinator_acknowledged(
        state.vertex, state.attempt, state.checkpoint_id,
        std::move(state.bytes), now()));
    },
    [this](ckptdecl_atom, const checkpoint_decline& no) {
      perform(decisions_.declined(no.task, no.attempt, no.checkpoint_id,
                                  no.counted, no.why, now()));
    },
    [this](ckptend_atom, std::uint32_t task, std::uint32_t attempt) {
      perform(decisions_.task_at_end(task, attempt, now()));
    },
    [this](taskdone_atom, std::uint32_t task, std::uint32_t attempt) {
      perform(decisions_.task_finished(task, attempt, now()));
    },
    [this](jobstops_atom) { perform(decisions_.job_stops(now())); },
    [this](attemptrun_atom, std::uint32_t region, std::uint32_t attempt) {
      perform(decisions_.attempt_running(attempt, now(), region));
    },
    [this](attemptend_atom, std::uint32_t region) {
      perform(decisions_.attempt_ended(region));
    },
    [this](ckptnow_atom) {
      checkpoint_coordinator::steps steps;
      decisions_.trigger(0, now(), shared_.time->now(), steps);
      perform(std::move(steps));
    },
    [this](restorept_atom, std::uint32_t region, std::uint32_t attempt) {
      on_restore_point(region, attempt);
    },
    [this](stored_atom, std::uint64_t id, const std::string& location) {
      on_stored(id, location);
    },
    [this](storefail_atom, std::uint64_t id, const error& why) {
      on_store_failed(id, why);
    },
    [this](tick_atom, std::uint64_t epoch) {
      if (epoch == tick_epoch_)
        tick();
    },
    [this](ckpthist_atom) { return decisions_.history(); },
    [this](jobover_atom, job_outcome outcome) { on_over(outcome); },
    [this](cancel_atom) { quit(); },
  };
}

void checkpoint_coordinator_actor::on_exit() {
  job_manager_ = {};
}

// -- handlers -----------------------------------------------------------------

void checkpoint_coordinator_actor::tick() {
  armed_ = std::chrono::nanoseconds::max();
  perform(decisions_.tick(now(), shared_.time->now()));
}

void checkpoint_coordinator_actor::on_stored(std::uint64_t id,
                                             const std::string& location) {
  auto found = publishing_.extract(id);
  if (found.empty())
    return;
  if (keeps_state_)
    latest_ = std::make_shared<const stored_checkpoint>(
      stored_checkpoint{std::move(found.mapped()), location});
  perform(decisions_.stored(id, now()));
  for (const std::uint64_t each : std::exchange(given_up_, {}))
    discard(each); // somebody may have written of it since
  answer_when_settled();
}

void checkpoint_coordinator_actor::on_store_failed(std::uint64_t id,
                                                   const error& why) {
  publishing_.erase(id);
  shared_.log.warn("checkpoint " + std::to_string(id)
                   + " is not stored: " + why.text);
  perform(decisions_.store_failed(id, why, now()));
  answer_when_settled();
}

void checkpoint_coordinator_actor::on_restore_point(std::uint32_t region,
                                                    std::uint32_t attempt) {
  perform(decisions_.attempt_begins(attempt, region));
  restore_asked_[region] = attempt;
  answer_when_settled();
}

/// The job has ended: what is left of its checkpoints depends on how.
void checkpoint_coordinator_actor::on_over(job_outcome outcome) {
  over_ = outcome;
  for (std::uint32_t region = 0; region < decisions_.region_count(); ++region)
    perform(decisions_.attempt_ended(region));
  answer_when_settled();
}

/// One that is on its way to durable storage may become the newest: nobody
/// must start from an older one meanwhile.
void checkpoint_coordinator_actor::answer_when_settled() {
  if (!publishing_.empty())
    return;
  for (const auto& [region, attempt] : std::exchange(restore_asked_, {})) {
    ++answers_;
    send(job_manager_, restorept_atom::value, region, attempt,
         restore_point{latest_});
  }
  const auto outcome = std::exchange(over_, std::nullopt);
  if (!outcome)
    return;
  discard_unfinished();
  const bool dropped =
    *outcome == job_outcome::cancelled
    && retention_ != checkpoint_retention::retain_on_cancellation;
  if (dropped && keeps_state_)
    for (const std::uint64_t id : decisions_.retained())
      discard(id);
  checkpoints_over summary;
  summary.completed = keeps_state_ ? decisions_.history().completed : 0;
  if (latest_ && keeps_state_ && !dropped)
    summary.resume_from = latest_->location;
  if (keeps_state_)
    summary.history = decisions_.history();
  send(job_manager_, jobover_atom::value, std::move(summary));
}

// -- steps --------------------------------------------------------------------

void checkpoint_coordinator_actor::perform(
  checkpoint_coordinator::steps steps) {
  for (checkpoint_step& step : steps) {
    log_step(step);
    switch (step.what) {
    case checkpoint_step::kind::trigger:
    case checkpoint_step::kind::notify_completed:
    case checkpoint_step::kind::notify_aborted:
    case checkpoint_step::kind::fail_job:
      send(job_manager_, ckptstep_atom::value, answers_, std::move(step));
      break;
    case checkpoint_step::kind::publish:
      publish(std::move(step.metadata));
      break;
    case checkpoint_step::kind::discard_unfinished:
      given_up_.push_back(step.id);
      discard(step.id);
      break;
    case checkpoint_step::kind::discard:
      discard(step.id);
      break;
    }
  }
  arm();
}

void checkpoint_coordinator_actor::log_step(const checkpoint_step& step) {
  if (step.what == checkpoint_step::kind::notify_aborted && step.cause
      && !std::exchange(partly_ended_told_, true))
    shared_.log.warn(step.cause->text);
  const char* news = nullptr;
  if (step.what == checkpoint_step::kind::trigger)
    news = " begins";
  else if (step.what == checkpoint_step::kind::notify_completed)
    news = " is complete";
  else if (step.what == checkpoint_step::kind::notify_aborted)
    news = " is given up";
  if (news != nullptr)
    shared_.log.debug("checkpoint " + std::to_string(step.id) + news);
}

void checkpoint_coordinator_actor::publish(
  std::shared_ptr<const checkpoint_metadata> metadata) {
  const std::uint64_t id = metadata->checkpoint_id;
  publishing_[id] = metadata;
  if (!keeps_state_) {
    on_stored(id, {});
    return;
  }
  shared_.background->run([self = caf::actor_cast<caf::actor>(this),
                           storage = shared_.storage,
                           what = std::move(metadata), id] {
    auto location = storage->publish(what);
    if (location)
      caf::anon_send(self, stored_atom::value, id, *location);
    else
      caf::anon_send(self, storefail_atom::value, id, location.error());
  });
}

/// What cannot be removed now stays as litter, which the next start finds; it
/// harms nobody.
void checkpoint_coordinator_actor::discard(std::uint64_t id) {
  if (!keeps_state_)
    return;
  shared_.background->run(
    [storage = shared_.storage, id, log = shared_.log]() mutable {
      if (auto gone = storage->discard(id); !gone)
        log.warn("checkpoint " + std::to_string(id)
                 + " is left over: " + gone.error().text);
    });
}

/// The job is over, and nobody writes of a checkpoint any more: what was
/// written behind the news that it is given up goes now.
void checkpoint_coordinator_actor::discard_unfinished() {
  if (!keeps_state_)
    return;
  shared_.background->run([storage = shared_.storage, log = shared_.log,
                           keep = decisions_.retained()]() mutable {
    const auto begun = storage->begun();
    if (!begun)
      return log.warn("checkpoints may be left over: " + begun.error().text);
    for (const std::uint64_t id : *begun)
      if (std::ranges::find(keep, id) == keep.end())
        if (auto gone = storage->discard(id); !gone)
          log.warn("checkpoint " + std::to_string(id)
                   + " is left over: " + gone.error().text);
  });
}

/// CAF cannot cancel a timer, so an earlier one makes the armed one stale.
void checkpoint_coordinator_actor::arm() {
  const auto wanted = decisions_.wake_at();
  if (!wanted || *wanted >= armed_)
    return;
  armed_ = *wanted;
  delayed_send(this, std::max(*wanted - now(), std::chrono::nanoseconds{0}),
               tick_atom::value, ++tick_epoch_);
}

} // namespace flow
