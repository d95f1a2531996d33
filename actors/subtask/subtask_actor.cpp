#include "actors/subtask/subtask_actor.hpp"

namespace flow {

namespace {

/// How often a fenced subtask looks whether it may go on.
constexpr std::chrono::milliseconds fence_interval{50};

} // namespace

FLOW_ATOM(run)
FLOW_ATOM(wake)
FLOW_ATOM(poke)

subtask_actor::subtask_actor(caf::actor_config& config, deploy_task what,
                             worker_context shared,
                             std::shared_ptr<step_watch> watch)
  : caf::event_based_actor(config), number_(what.task),
    attempt_(what.place.attempt), subtask_index_(what.place.id.index),
    vertex_name_(what.place.vertex().name),
    job_manager_(std::move(what.job_manager)), time_(*shared.time),
    fenced_(shared.fenced), watch_(std::move(watch)),
    task_(std::make_unique<task>(std::move(what.place), what.settings, *this,
                                 time_, *shared.metrics)) {
  watch_->know(task_->operator_names());
  set_default_handler(caf::drop);
}

caf::behavior subtask_actor::make_behavior() {
  return {
    [this](std::uint32_t channel, std::uint64_t sequence,
           stream_element& element) { on_element(channel, sequence, element); },
    [this](credit_atom, std::uint32_t port, std::uint32_t channel,
           std::uint32_t credits) { on_credit(port, channel, credits); },
    [this](run_atom) { on_run(); },
    [this](wake_atom, std::uint64_t epoch) { on_wake(epoch); },
    [this](poke_atom) { on_poke(); },
    [this](split_atom, const split_bytes& split) { on_split(split); },
    [this](nosplits_atom) { on_no_more_splits(); },
    [this](splitfail_atom, const error& why) { end(task_state::failed, why); },
    [this](linkfail_atom, const error& why) { end(task_state::failed, why); },
    [this](connect_atom, const std::shared_ptr<const task_wiring>& wiring) {
      on_connect(wiring);
    },
    [this](open_atom) { on_open(); },
    [this](stop_atom) { on_stop(); },
    [this](cancel_atom) { on_cancel(); },
    [this](explain_atom) { return on_explain(); },
  };
}

void subtask_actor::on_exit() {
  task_.reset();
  wiring_.reset();
  job_manager_ = {};
}

/// Runs what may call user code, in sight of the task manager.
template <class Function>
auto subtask_actor::work(Function&& function) {
  const step_watch::scope scope{*watch_, time_.steady()};
  return function();
}

// -- what the task does to the world ------------------------------------------

void subtask_actor::send(std::size_t port, std::size_t channel,
                         std::uint64_t sequence, stream_element&& element) {
  const auto& to = wiring_->outputs[port][channel];
  if (!to.way)
    caf::event_based_actor::send(to.subtask, to.input_channel, sequence,
                                 std::move(element));
  else if (const auto sent = to.way->send(sequence, element); !sent)
    // As a message: the task is amid its work.
    caf::event_based_actor::send(this, linkfail_atom::value, sent.error());
}

void subtask_actor::grant(std::size_t channel, std::uint32_t credits) {
  const auto& to = wiring_->inputs[channel];
  if (to.way)
    to.way->grant(credits);
  else
    caf::event_based_actor::send(to.subtask, credit_atom::value, to.port,
                                 to.output_channel, credits);
}

void subtask_actor::request_split() {
  caf::event_based_actor::send(wiring_->coordinator, nextsplit_atom::value,
                               subtask_index_);
}

/// Holds no reference that counts: whoever keeps it must not keep the subtask.
std::function<void()> subtask_actor::waker() {
  return [weak = address()] {
    if (auto self = caf::actor_cast<caf::actor>(weak))
      caf::anon_send(self, poke_atom::value);
  };
}

// -- handlers -----------------------------------------------------------------

void subtask_actor::on_element(std::uint32_t channel, std::uint64_t sequence,
                               stream_element& element) {
  if (!task_)
    return;
  check(task_->enqueue(channel, sequence, std::move(element)));
  schedule_run();
}

void subtask_actor::on_credit(std::uint32_t port, std::uint32_t channel,
                              std::uint32_t credits) {
  if (!task_)
    return;
  check(task_->on_credit(port, channel, credits));
  schedule_run();
}

void subtask_actor::on_run() {
  run_scheduled_ = false;
  if (!task_)
    return;
  if (fenced_ != nullptr && *fenced_) {
    run_scheduled_ = true;
    delayed_send(this, fence_interval, run_atom::value);
    return;
  }
  const step_result result = work([this] { return task_->step(); });
  switch (result.next) {
  case step_result::next_step::again:
    schedule_run();
    break;
  case step_result::next_step::wait:
    wake_at(result.deadline);
    break;
  case step_result::next_step::done:
    end(task_state::finished);
    break;
  case step_result::next_step::failed:
    end(task_state::failed, result.cause);
    break;
  }
}

void subtask_actor::on_wake(std::uint64_t epoch) {
  if (epoch != wake_epoch_)
    return;
  armed_ = std::chrono::nanoseconds::max();
  schedule_run();
}

void subtask_actor::on_poke() {
  if (!task_)
    return;
  task_->wake();
  schedule_run();
}

void subtask_actor::on_connect(
  const std::shared_ptr<const task_wiring>& wiring) {
  wiring_ = wiring;
  caf::event_based_actor::send(job_manager_, connected_atom::value, number_,
                               attempt_);
}

void subtask_actor::on_open() {
  if (!task_)
    return;
  open_ = true;
  check(work([this] { return task_->open(); }));
  if (!task_)
    return;
  caf::event_based_actor::send(
    job_manager_, taskstate_atom::value,
    task_report{number_, attempt_, task_state::running, {}});
  schedule_run();
}

void subtask_actor::on_split(const split_bytes& split) {
  if (!task_)
    return;
  check(work([&] { return task_->add_split(split.bytes); }));
  schedule_run();
}

void subtask_actor::on_no_more_splits() {
  if (!task_)
    return;
  check(work([this] { return task_->no_more_splits(); }));
  schedule_run();
}

void subtask_actor::on_stop() {
  if (!task_)
    return;
  check(work([this] { return task_->stop(); }));
  schedule_run();
}

void subtask_actor::on_cancel() {
  if (task_)
    end(task_state::cancelled);
}

task_explanation subtask_actor::on_explain() {
  if (!task_)
    return {};
  return {task_->waiting_for(), task_->watermark_holder(), task_->progress()};
}

// -- the rest -----------------------------------------------------------------

void subtask_actor::schedule_run() {
  if (run_scheduled_ || !open_)
    return;
  run_scheduled_ = true;
  caf::event_based_actor::send(this, run_atom::value);
}

/// CAF cannot cancel a timer, so an earlier one makes the armed one stale.
void subtask_actor::wake_at(std::chrono::nanoseconds deadline) {
  if (deadline >= armed_)
    return;
  armed_ = deadline;
  const auto in =
    std::max(deadline - time_.steady(), std::chrono::nanoseconds{0});
  delayed_send(this, in, wake_atom::value, ++wake_epoch_);
}

void subtask_actor::check(const expected<void>& result) {
  if (!result)
    end(task_state::failed, result.error());
}

void subtask_actor::end(task_state state, std::optional<error> cause) {
  if (!task_)
    return;
  work([this] {
    task_->close();
    task_.reset();
  });
  caf::event_based_actor::send(
    job_manager_, taskstate_atom::value,
    task_report{number_, attempt_, state, std::move(cause)});
  quit();
}

} // namespace flow
