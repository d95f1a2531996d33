#include "actors/subtask/subtask_actor.hpp"

#include <limits>

#include "actors/subtask/snapshot_io.hpp"

namespace flow {

namespace {

/// How often a fenced subtask looks whether it may go on.
constexpr std::chrono::milliseconds fence_interval{50};

} // namespace

FLOW_ATOM(run)
FLOW_ATOM(wake)
FLOW_ATOM(poke)
FLOW_ATOM(restored)
FLOW_ATOM(workfail)

using restored_state = std::shared_ptr<const expected<restored_task>>;

} // namespace flow

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(flow::restored_state)

namespace flow {

subtask_actor::subtask_actor(caf::actor_config& config, deploy_task what,
                             worker_context shared,
                             std::shared_ptr<step_watch> watch)
  : caf::event_based_actor(config), number_(what.task),
    attempt_(what.place.attempt), subtask_index_(what.place.id.index),
    place_(std::move(what.place)), settings_(what.settings),
    shared_(std::move(shared)), restored_(std::move(what.restored)),
    job_manager_(std::move(what.job_manager)), time_(*shared_.time),
    fenced_(shared_.fenced), watch_(std::move(watch)),
    task_(std::make_unique<task>(place_, settings_, *this, time_,
                                 *shared_.metrics)) {
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
    [this](trigger_atom, std::uint32_t attempt,
           const checkpoint_barrier& barrier) { on_trigger(attempt, barrier); },
    [this](ckptdone_atom, std::uint32_t attempt, std::uint64_t id) {
      on_completed(attempt, id);
    },
    [this](ckptabort_atom, std::uint32_t attempt, std::uint64_t id) {
      on_aborted(attempt, id);
    },
    [this](split_atom, const split_bytes& split) { on_split(split); },
    [this](nosplits_atom) { on_no_more_splits(); },
    [this](splitfail_atom, const error& why) { end(task_state::failed, why); },
    [this](linkfail_atom, const error& why) { end(task_state::failed, why); },
    [this](connect_atom, const std::shared_ptr<const task_wiring>& wiring) {
      on_connect(wiring);
    },
    [this](open_atom) { on_open(); },
    [this](workfail_atom, const error& why) { end(task_state::failed, why); },
    [this](restored_atom, const restored_state& state) { on_restored(*state); },
    [this](wmlimit_atom, timestamp limit) { on_watermark_limit(limit); },
    [this](stop_atom) { on_stop(); },
    [this](cancel_atom) { on_cancel(); },
    [this](explain_atom) { return on_explain(); },
  };
}

void subtask_actor::on_exit() {
  give_up_writing(std::numeric_limits<std::uint64_t>::max());
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
  if (!to.way) {
    caf::event_based_actor::send(to.subtask, to.input_channel, sequence,
                                 std::move(element));
    return;
  }
  task_->count_remote(element.record_bytes());
  if (const auto sent = to.way->send(sequence, element); !sent)
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

/// Reads its state first, elsewhere: what arrives meanwhile waits.
void subtask_actor::on_open() {
  if (!task_)
    return;
  if (!wiring_ || std::exchange(told_to_open_, true)) {
    end(task_state::failed,
        error{error_code::corrupt_data,
              "it was told to open before it was connected, or twice"});
    return;
  }
  if (!restored_.from) {
    begin(nullptr);
    return;
  }
  shared_.background->run([self = caf::actor_cast<caf::actor>(this),
                           storage = shared_.storage, from = restored_.from,
                           place = place_] {
    caf::anon_send(self, restored_atom::value,
                   std::make_shared<const expected<restored_task>>(
                     read_restored(*storage, *from, place)));
  });
}

void subtask_actor::on_restored(const expected<restored_task>& state) {
  restored_ = {};
  if (!task_)
    return;
  if (state)
    begin(&*state);
  else
    end(task_state::failed, state.error());
}

/// @param from null: from the beginning
void subtask_actor::begin(const restored_task* from) {
  open_ = true;
  check(work([&]() -> expected<void> {
    if (auto opened = task_->open(); !opened || from == nullptr)
      return opened;
    return task_->restore(*from);
  }));
  if (!task_)
    return;
  caf::event_based_actor::send(
    job_manager_, taskstate_atom::value,
    task_report{number_, attempt_, task_state::running, {}});
  schedule_run();
}

// -- checkpoints --------------------------------------------------------------

void subtask_actor::on_trigger(std::uint32_t attempt,
                               const checkpoint_barrier& barrier) {
  if (!task_ || !open_ || attempt != attempt_)
    return;
  task_->trigger(barrier);
  schedule_run();
}

void subtask_actor::on_completed(std::uint32_t attempt, std::uint64_t id) {
  if (!task_ || !open_ || attempt != attempt_)
    return;
  check(work([&] { return task_->checkpoint_completed(id); }));
  give_up_writing(id);
  schedule_run();
}

void subtask_actor::on_aborted(std::uint32_t attempt, std::uint64_t id) {
  if (!task_ || !open_ || attempt != attempt_)
    return;
  give_up_writing(id);
  check(work([&] { return task_->checkpoint_aborted(id); }));
  schedule_run();
}

/// Writers of older ones that are still at it need not go on: theirs have been
/// subsumed.
void subtask_actor::give_up_writing(std::uint64_t up_to) {
  while (!writing_.empty() && writing_.begin()->first <= up_to) {
    writing_.begin()->second->store(true);
    writing_.erase(writing_.begin());
  }
}

void subtask_actor::snapshot_taken(taken_snapshot taken) {
  using std::chrono::duration_cast;
  using std::chrono::microseconds;
  const std::uint64_t id = taken.barrier.checkpoint_id;
  auto given_up = std::make_shared<std::atomic<bool>>(false);
  writing_[id] = given_up;
  checkpoint_ack ack;
  ack.task = number_;
  ack.attempt = attempt_;
  ack.checkpoint_id = id;
  ack.state.stage = taken.stage;
  ack.holds_union_list = holds_union_list(taken.capture);
  ack.statistics.alignment = duration_cast<microseconds>(taken.alignment);
  ack.statistics.sync = duration_cast<microseconds>(taken.sync);
  snapshot_writing how{settings_.keeps_state ? shared_.storage : nullptr,
                       std::to_string(index_of(place_.id.vertex)) + "-"
                         + std::to_string(subtask_index_) + "-"
                         + std::to_string(attempt_),
                       given_up};
  // A std::function is copied; a capture is not.
  auto writer = std::make_shared<snapshot_writer>(std::move(how), id,
                                                  std::move(taken.capture));
  const auto report = [ack, writer, &time = time_, begin = time_.steady(),
                       self = caf::actor_cast<caf::actor>(this),
                       to = job_manager_]() mutable {
    auto written = writer->finish();
    if (!written.work) {
      caf::anon_send(self, workfail_atom::value, written.work.error());
      return;
    }
    if (!written.state) {
      // Nobody waits for one that was told to stop; of a subtask that has ended
      // meanwhile a checkpoint needs no state.
      const auto& why = written.state.error();
      if (why.code != error_code::cancelled)
        caf::anon_send(to, ckptdecl_atom::value,
                       checkpoint_decline{ack.task, ack.attempt,
                                          ack.checkpoint_id, true, why.text});
      return;
    }
    ack.statistics.async = duration_cast<microseconds>(time.steady() - begin);
    ack.statistics.bytes = written.state->size;
    ack.state.state = std::move(*written.state);
    caf::anon_send(to, ckptack_atom::value, std::move(ack));
  };
  // What only waits must not keep others from encoding.
  shared_.encoders->run([writer, report, background = shared_.background] {
    writer->write();
    background->run(report);
  });
}

void subtask_actor::snapshot_given_up(std::uint64_t id, barrier_abort) {
  caf::event_based_actor::send(
    job_manager_, ckptdecl_atom::value,
    checkpoint_decline{number_, attempt_, id, false,
                       "subtask " + std::to_string(number_)
                         + " gave it up for a newer or cancelled one"});
}

void subtask_actor::at_end() {
  caf::event_based_actor::send(job_manager_, ckptend_atom::value, number_,
                               attempt_);
}

void subtask_actor::watermark_reached(timestamp mark) {
  caf::event_based_actor::send(job_manager_, wmreport_atom::value,
                               task_watermark{number_, attempt_, mark});
}

// -- splits and commands ------------------------------------------------------

void subtask_actor::on_split(const split_bytes& split) {
  if (!task_ || !open_)
    return;
  check(work([&] { return task_->add_split(split.bytes); }));
  schedule_run();
}

void subtask_actor::on_no_more_splits() {
  if (!task_ || !open_)
    return;
  check(work([this] { return task_->no_more_splits(); }));
  schedule_run();
}

void subtask_actor::on_watermark_limit(timestamp limit) {
  if (!task_)
    return;
  task_->allow_watermark(limit);
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
  const auto in = deadline - time_.steady();
  if (in <= std::chrono::nanoseconds{0}) {
    schedule_run(); // not by way of the clock's thread
    return;
  }
  armed_ = deadline;
  delayed_send(this, in, wake_atom::value, ++wake_epoch_);
}

void subtask_actor::check(const expected<void>& result) {
  if (!result)
    end(task_state::failed, result.error());
}

void subtask_actor::end(task_state state, std::optional<error> cause) {
  if (!task_)
    return;
  give_up_writing(std::numeric_limits<std::uint64_t>::max());
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
