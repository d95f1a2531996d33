#include "actors/subtask/task.hpp"

#include "libflow/operators/user_error.hpp"

/// The part of a task that checkpoints are about.
namespace flow {

namespace {

/// State that an operator cannot read is the same at the next attempt.
error of_restore(error why) {
  if (why.code == error_code::corrupt_data)
    why.severity = error_severity::fatal;
  return why;
}

} // namespace

void task::trigger(const checkpoint_barrier& barrier) {
  if (phase_ != phase::ended && phase_ != phase::draining)
    triggers_.push_back(barrier);
}

/// @return false when it is not the time: operators are finishing, or input
/// from before the barrier is still to be read; nor ever again once the end of
/// the partition, which counts as every barrier, has been sent
bool task::advance_trigger() {
  if (phase_ == phase::finishing || phase_ == phase::draining
      || phase_ == phase::ended)
    return false;
  if (!is_source() && gate_.open_channels() > 0)
    return false;
  const checkpoint_barrier barrier = triggers_.front();
  triggers_.pop_front();
  take_snapshot(barrier);
  take_held_splits();
  return true;
}

void task::take_held_splits() {
  while (triggers_.empty() && !held_splits_.empty()) {
    const byte_string split = std::move(held_splits_.front());
    held_splits_.pop_front();
    if (auto done = add_split(split); !done)
      throw task_failure{done.error()};
  }
  if (triggers_.empty() && std::exchange(no_more_splits_held_, false))
    if (auto done = no_more_splits(); !done)
      throw task_failure{done.error()};
}

void task::on_barrier(std::size_t channel, const checkpoint_barrier& barrier) {
  if (!barriers_->pending())
    alignment_since_ = time_.steady();
  barriers_->barrier(channel, barrier);
  settle_barriers();
}

/// Does what the barriers ask for, and has the gate leave out who must wait.
void task::settle_barriers() {
  for (const barrier_event& event : barriers_->take()) {
    if (!event.aborted) {
      take_snapshot(event.barrier);
      continue;
    }
    const auto id = event.barrier.checkpoint_id;
    chain_.broadcast(stream_element::of_barrier_cancelled(id));
    surroundings_.snapshot_given_up(id, *event.aborted);
  }
  for (std::size_t i = 0; i < gate_.channel_count(); ++i) {
    if (barriers_->blocked(i) == gate_.blocked(i))
      continue;
    if (barriers_->blocked(i))
      gate_.block(i);
    else
      gate_.unblock(i);
  }
}

/// The barrier goes first, so that downstream aligns while this is captured.
void task::take_snapshot(const checkpoint_barrier& barrier) {
  const auto begin = time_.steady();
  chain_.broadcast(stream_element::of_barrier(barrier));
  snapshot_context context;
  context.checkpoint_id = barrier.checkpoint_id;
  context.kind = static_cast<snapshot_kind>(barrier.kind);
  context.final = phase_ == phase::committing;
  taken_snapshot taken;
  taken.barrier = barrier;
  taken.capture = capture(context);
  taken.stage = context.final && mode_ == end_mode::drained
                  ? subtask_stage::ended
                  : subtask_stage::running;
  const auto since = std::exchange(alignment_since_, std::nullopt);
  taken.alignment = since ? begin - *since : std::chrono::nanoseconds{0};
  taken.sync = time_.steady() - begin;
  if (context.final && !last_snapshot_)
    last_snapshot_ = barrier.checkpoint_id;
  surroundings_.snapshot_taken(std::move(taken));
}

expected<void> task::checkpoint_completed(std::uint64_t id) {
  try {
    for (std::size_t i = 0; i < chain_.size(); ++i)
      chain_.at(i).checkpoint_completed(id);
  } catch (const task_failure& failure) {
    return failure.reason;
  }
  if (phase_ == phase::committing && last_snapshot_ && id >= *last_snapshot_) {
    chain_.broadcast(stream_element::of_end_of_partition());
    phase_ = phase::draining;
  }
  return {};
}

expected<void> task::checkpoint_aborted(std::uint64_t id) {
  std::erase_if(triggers_, [id](const checkpoint_barrier& each) {
    return each.checkpoint_id == id;
  });
  try {
    take_held_splits();
    barriers_->abort(id);
    settle_barriers();
    for (std::size_t i = 0; i < chain_.size(); ++i)
      chain_.at(i).checkpoint_aborted(id);
  } catch (const task_failure& failure) {
    return failure.reason;
  }
  return {};
}

task_capture task::capture(const snapshot_context& context) {
  // The barrier, which went first, may have left batches without credit: they
  // wait before it in the output and belong to no state.
  FLOW_ASSERT(!chain_.pending(), "a snapshot of a task amid its work");
  task_capture result;
  for (std::size_t i = 0; i < chain_.size(); ++i) {
    const auto id = place_.vertex().operators[i].id;
    result.ids.push_back(static_cast<std::uint64_t>(id));
    result.operators.push_back(chain_.at(i).capture_all(context));
  }
  for (const auto& valve : valves_)
    result.valves.push_back(valve.snapshot());
  return result;
}

/// From the last operator to the first: what one puts out while it is restored
/// finds the others ready.
expected<void> task::restore(const restored_task& from) {
  FLOW_ASSERT(from.operators.size() == chain_.size(),
              "restored from the state of another chain");
  had_ended_ = from.ended;
  try {
    for (std::size_t i = chain_.size(); i-- > 0;)
      if (const auto& parts = from.operators[i])
        if (auto done = chain_.at(i).restore_all(*parts); !done)
          return of_restore(done.error());
    for (std::size_t input = 0; input < from.valves.size(); ++input)
      forward(input, valves_[input].restore(from.valves[input]));
  } catch (const task_failure& failure) {
    return failure.reason;
  }
  return {};
}

std::vector<std::size_t> task::channels_of_inputs() const {
  std::vector<std::size_t> result;
  for (const auto& valve : valves_)
    result.push_back(valve.channel_count());
  return result;
}

} // namespace flow
