#include "actors/api/control_actor.hpp"

namespace flow {

namespace {

/// The job manager asks its subtasks, which takes some 200 ms at most.
constexpr std::chrono::milliseconds status_timeout{1000};

job_state state_of(job_outcome outcome) {
  switch (outcome) {
  case job_outcome::finished:
    return job_state::finished;
  case job_outcome::stopped:
    return job_state::stopped;
  case job_outcome::cancelled:
    return job_state::cancelled;
  case job_outcome::failed:
    return job_state::failed;
  }
  return job_state::failed;
}

} // namespace

control_actor::control_actor(caf::actor_config& config, std::string job_name,
                             caf::actor listener,
                             std::vector<std::function<void()>> when_ended)
  : caf::event_based_actor(config), job_name_(std::move(job_name)),
    listener_(std::move(listener)), when_ended_(std::move(when_ended)) {
  set_default_handler(caf::drop);
}

caf::behavior control_actor::make_behavior() {
  return {
    [this](started_atom, const controlled_job& job) { controlled_ = job; },
    [this](jobended_atom, const job_result& result) { on_ended(result); },
    [this](status_atom) { return on_status(); },
    [this](metrics_atom) { return on_metrics(); },
    [this](stop_atom what) { return on_command(what); },
    [this](cancel_atom what) { return on_command(what); },
    [this](result_atom) { return on_result(); },
  };
}

void control_actor::on_exit() {
  listener_ = {};
  when_ended_.clear();
  controlled_ = {};
  waiting_.clear();
}

void control_actor::on_ended(const job_result& result) {
  result_ = result;
  for (const auto& tell : when_ended_)
    tell();
  for (auto& each : waiting_)
    each.deliver(result);
  waiting_.clear();
  if (listener_)
    send(listener_, job_ended{job_name_, result});
}

caf::result<job_status_report> control_actor::on_status() {
  auto promise = make_response_promise<job_status_report>();
  if (result_) {
    promise.deliver(report_of_end());
    return promise;
  }
  request(controlled_.job_manager, status_timeout, status_atom::value)
    .then(
      [this, promise](job_status_report& report) mutable {
        report.progress = controlled_.job->progress();
        promise.deliver(std::move(report));
      },
      // It has just ended: its result is on the way to this actor.
      [this, promise](caf::error& why) mutable {
        if (result_)
          promise.deliver(report_of_end());
        else
          promise.deliver(std::move(why));
      });
  return promise;
}

caf::result<job_result> control_actor::on_result() {
  auto promise = make_response_promise<job_result>();
  if (result_)
    promise.deliver(*result_);
  else
    waiting_.push_back(promise);
  return promise;
}

std::string control_actor::on_metrics() {
  return controlled_.job->metrics();
}

template <class Atom>
bool control_actor::on_command(Atom what) {
  if (result_)
    return false;
  send_urgent(this, controlled_.job_manager, what);
  return true;
}

job_status_report control_actor::report_of_end() const {
  job_status_report report;
  report.state = state_of(result_->outcome);
  report.progress = controlled_.job->progress();
  return report;
}

} // namespace flow
