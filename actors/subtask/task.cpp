#include "actors/subtask/task.hpp"

#include <algorithm>

#include "libflow/exchange/barrier_aligner.hpp"
#include "libflow/exchange/barrier_tracker.hpp"
#include "libflow/operators/operator.hpp"
#include "libflow/operators/user_error.hpp"

namespace flow {

namespace {

using nanoseconds = std::chrono::nanoseconds;

constexpr nanoseconds never = nanoseconds::max();

/// Channels of each input of the head, in the gate's order.
std::vector<std::size_t> channels_per_input(const task_place& place) {
  const auto& head = place.vertex().head();
  std::vector<std::size_t> result(head.node.inputs.size(), 0);
  for (const auto& channel : place.graph->inputs_of(place.id))
    ++result[channel.input];
  return result;
}

} // namespace

task::task(task_place place, const task_settings& settings,
           task_surroundings& surroundings, const clock& time,
           metric_registry& metrics)
  : settings_(settings), surroundings_(surroundings), time_(time),
    place_(std::move(place)),
    chain_(place_,
           [this](std::size_t port, std::size_t channel, std::uint64_t sequence,
                  stream_element&& element) {
             metrics_->batches_out.add(element.is_data() ? 1 : 0);
             metrics_->bytes_out.add(element.record_bytes());
             metrics_->records_out.add(element.record_count());
             surroundings_.send(port, channel, sequence, std::move(element));
           }),
    gate_(channels_per_input(place_)) {
  for (std::size_t input = 0; input < gate_.input_count(); ++input) {
    valves_.emplace_back(
      std::max<std::size_t>(gate_.channels_of_input(input), 1));
    open_channels_.push_back(gate_.channels_of_input(input));
    input_stopped_.push_back(false);
  }
  if (settings.barriers == barrier_mode::exactly_once)
    barriers_ = std::make_unique<barrier_aligner>(gate_.channel_count());
  else
    barriers_ = std::make_unique<barrier_tracker>(gate_.channel_count());
  grantors_.resize(gate_.channel_count());
  held_grants_.resize(gate_.channel_count(), 0);
  channel_ended_.resize(gate_.channel_count(), false);
  registry_ = &metrics;
  register_metrics(metrics);
  find_alignment();
}

void task::find_alignment() {
  const auto& operators = place_.vertex().operators;
  for (std::size_t i = 0; i < operators.size(); ++i) {
    const auto& how = operators[i].node.alignment;
    if (!how)
      continue;
    auto* marks = dynamic_cast<alignable_watermarks*>(&chain_.at(i));
    FLOW_ASSERT(marks != nullptr && is_source(),
                "aligned watermarks without a source");
    alignment_.emplace(*marks, *how);
  }
}

expected<void> task::open() {
  const job_vertex& vertex = place_.vertex();
  operator_context context;
  context.place = {
    .job_name = place_.graph->job().options().job_name,
    .operator_name = {},
    .subtask_index = place_.id.index,
    .parallelism = vertex.parallelism,
    .max_parallelism = vertex.max_parallelism,
    .attempt = place_.attempt,
  };
  context.place.job_id = settings_.job_id;
  context.place.run = settings_.run;
  context.time = &time_;
  context.request_split = [this] { surroundings_.request_split(); };
  context.wake = surroundings_.waker();
  context.watermark_interval = settings_.watermark_interval;
  context.watermark_every_rows = settings_.watermark_every_rows;
  const metrics_scope metrics{*registry_}; // for the functions' own
  try {
    chain_.open(context);
  } catch (const task_failure& failure) {
    return failure.reason;
  }
  for (std::size_t i = 0; i < grantors_.size(); ++i)
    if (const auto credits = grantors_[i].start(); credits > 0)
      surroundings_.grant(i, credits);
  return {};
}

expected<void> task::on_credit(std::size_t port, std::size_t channel,
                               std::uint32_t credits) {
  return chain_.port(port).channels().on_credit(channel, credits);
}

/// Calls code of a source's author.
template <class Function>
expected<void> task::ask_source(Function&& function) {
  source_waits_ = false;
  try {
    guard_user_code(
      chain_.source()->name(), [&] { function(*chain_.source()); },
      [] { return std::string{}; });
  } catch (const task_failure& failure) {
    return failure.reason;
  }
  return {};
}

/// One that came behind a trigger is not in that checkpoint: its coordinator's
/// state was taken before.
expected<void> task::add_split(std::span<const std::byte> split) {
  if (!triggers_.empty()) {
    held_splits_.emplace_back(split.begin(), split.end());
    return {};
  }
  return ask_source([&](auto& source) { source.add_split(split); });
}

expected<void> task::no_more_splits() {
  if (!triggers_.empty()) {
    no_more_splits_held_ = true;
    return {};
  }
  return ask_source([](auto& source) { source.no_more_splits(); });
}

expected<void> task::stop() {
  if (!is_source() || stop_requested_)
    return {};
  stop_requested_ = true;
  return ask_source([](auto& source) { source.stop(); });
}

// -- steps --------------------------------------------------------------------

step_result task::step() {
  metrics_->time.enter(task_activity::busy, time_.steady());
  step_result result;
  try {
    result = run_step();
  } catch (const task_failure& failure) {
    result.next = step_result::next_step::failed;
    result.cause = failure.reason;
  } catch (const std::exception& e) {
    result.next = step_result::next_step::failed;
    result.cause = error{error_code::user_function,
                         "task \"" + place_.vertex().name + "\": " + e.what()};
  }
  publish();
  if (result.next == step_result::next_step::wait)
    metrics_->time.enter(chain_.blocked() ? task_activity::backpressured
                                          : task_activity::idle,
                         time_.steady());
  return result;
}

step_result task::run_step() {
  using enum step_result::next_step;
  nanoseconds now = time_.steady();
  const nanoseconds end = now + settings_.step_budget;
  for (std::size_t i = 0; i < chain_.port_count(); ++i)
    chain_.port(i).set_time(now);
  report_watermark(now);
  bool more = true;
  while (more && now < end) {
    if (chain_.resume()) {
      release_grants();
      fire_timers(now);
      more = chain_.blocked() || advance();
    } else if (chain_.waiting()) {
      more = false;
    }
    if (chain_.overdraft())
      break; // only credit helps
    now = time_.steady();
  }
  release_grants();
  flush_due(now);
  if (phase_ == phase::ended)
    return {.next = done, .deadline = never, .cause = {}};
  if (more && !chain_.overdraft())
    return {.next = again, .deadline = never, .cause = {}};
  for (std::size_t i = 0; i < chain_.size(); ++i)
    chain_.at(i).flush();
  return {.next = wait, .deadline = deadline(now), .cause = {}};
}

/// Does one piece of work. @return false when there is none
bool task::advance() {
  if (!triggers_.empty() && advance_trigger())
    return true;
  switch (phase_) {
  case phase::running:
    return is_source() ? advance_source() : advance_input();
  case phase::finishing:
    return advance_finish();
  case phase::committing:
    return !is_source() && advance_input();
  case phase::draining:
    phase_ = phase::ended; // not blocked, so the overdraft is empty
    return false;
  case phase::ended:
    return false;
  }
  return false;
}

bool task::advance_source() {
  if (had_ended_) {
    chain_.source()->emit_watermark(max_timestamp);
    begin_finish(end_mode::drained);
    return true;
  }
  const nanoseconds now = time_.steady();
  if (source_waits_ && now < source_retry_)
    return false;
  if (alignment_ && !stop_requested_ && alignment_->holds(now))
    return false; // until it is told another limit
  held_by_rate_ = false;
  const std::size_t room = source_room(now);
  if (room == 0)
    return false;
  const auto before = chain_.source()->counts().records_in;
  const poll_result polled = chain_.source()->poll(room);
  rate_emitted_ +=
    static_cast<double>(chain_.source()->counts().records_in - before);
  source_waits_ = polled.status == poll_status::waiting;
  source_retry_ = polled.retry_after ? now + *polled.retry_after : never;
  if (polled.status == poll_status::finished) {
    if (!stop_requested_)
      chain_.source()->emit_watermark(max_timestamp);
    begin_finish(stop_requested_ ? end_mode::stopped : end_mode::drained);
    return true;
  }
  if (settings_.buffer_timeout.count() == 0)
    flush_due(now);
  return !source_waits_;
}

/// Records the source may read now; with a rate limit what the clock allows.
std::size_t task::source_room(nanoseconds now) {
  constexpr std::size_t most = limits::batch_target_records;
  if (settings_.source_rate <= 0)
    return most;
  if (rate_since_.count() < 0)
    rate_since_ = now;
  const double seconds =
    std::chrono::duration<double>(now - rate_since_).count();
  const double due = seconds * settings_.source_rate - rate_emitted_;
  if (due >= 1 || stop_requested_)
    return stop_requested_ ? most
                           : std::min(most, static_cast<std::size_t>(due));
  source_waits_ = true;
  held_by_rate_ = true;
  source_retry_ = now
                  + nanoseconds{static_cast<std::int64_t>(
                    std::max(1e6, (1 - due) / settings_.source_rate * 1e9))};
  return 0;
}

bool task::advance_input() {
  auto next = gate_.next();
  if (!next)
    return false;
  dispatch(std::move(*next));
  return true;
}

void task::dispatch(picked next) {
  const std::size_t input = gate_.input_of(next.channel);
  const std::size_t channel = next.channel - gate_.first_channel(input);
  switch (next.element.kind()) {
  case element_kind::data:
    on_data(next.channel, next.element);
    break;
  case element_kind::watermark:
    forward(input, valves_[input].watermark(channel, next.element.watermark()));
    break;
  case element_kind::status:
    forward(input, valves_[input].status(channel, next.element.status()));
    break;
  case element_kind::end_of_data:
    end_channel(next.channel, next.element.ended());
    break;
  case element_kind::barrier:
    on_barrier(next.channel, next.element.barrier());
    break;
  case element_kind::barrier_cancelled:
    barriers_->cancel(next.channel, next.element.cancelled_checkpoint());
    settle_barriers();
    break;
  case element_kind::end_of_partition:
    if (!channel_ended_[next.channel])
      throw task_failure{error{error_code::corrupt_data,
                               "input channel " + std::to_string(next.channel)
                                 + " ends before its data does"}};
    barriers_->end_of_partition(next.channel);
    settle_barriers();
    break;
  case element_kind::latency_marker:
    break;
  }
}

void task::on_data(std::size_t channel, stream_element& element) {
  const std::size_t input = gate_.input_of(channel);
  const timestamp mark = element.watermark();
  ++batches_in_;
  bytes_in_ += element.record_bytes();
  chain_.head().input(input).receive_erased(element.take_batch());
  if (mark != min_timestamp)
    forward(input, valves_[input].watermark(
                     channel - gate_.first_channel(input), mark));
  processed(channel);
  if (settings_.buffer_timeout.count() == 0)
    flush_due(time_.steady());
}

void task::forward(std::size_t input, const valve_output& out) {
  receiver_base& target = chain_.head().input(input);
  if (out.status == stream_status::active)
    target.receive_status(stream_status::active);
  if (out.watermark) {
    target.receive_watermark(*out.watermark);
    timestamp lowest = max_timestamp;
    for (const auto& valve : valves_)
      lowest = std::min(lowest, valve.output());
    metrics_->watermark.set(lowest);
  }
  if (out.status == stream_status::idle)
    target.receive_status(stream_status::idle);
}

void task::end_channel(std::size_t channel, end_mode mode) {
  if (channel_ended_[channel])
    return;
  channel_ended_[channel] = true;
  const std::size_t input = gate_.input_of(channel);
  // A channel that was stopped goes on after a restore: it holds the watermark
  // where it is, so that no other channel closes a window meanwhile.
  if (mode == end_mode::stopped) {
    mode_ = end_mode::stopped;
    input_stopped_[input] = true;
  } else {
    forward(input, valves_[input].finish(channel - gate_.first_channel(input)));
  }
  if (--open_channels_[input] > 0)
    return;
  chain_.head().input_ended(input, !input_stopped_[input]);
  if (std::all_of(open_channels_.begin(), open_channels_.end(),
                  [](std::size_t open) { return open == 0; }))
    begin_finish(mode_);
}

// -- the end ------------------------------------------------------------------

void task::begin_finish(end_mode mode) {
  mode_ = mode;
  phase_ = phase::finishing;
}

/// Finishes one operator after the other; the next one when the last has
/// nothing left to emit.
bool task::advance_finish() {
  // What goes on after a restore holds back what it has: nothing is finished.
  const bool goes_on = mode_ == end_mode::stopped && settings_.keeps_state;
  if (finish_next_ < chain_.size() && !goes_on && !had_ended_) {
    chain_.at(finish_next_).finish();
    ++finish_next_;
    return true;
  }
  announce_end();
  return true;
}

void task::announce_end() {
  chain_.broadcast(stream_element::of_end_of_data(mode_));
  if (settings_.ends_with_checkpoint) {
    phase_ = phase::committing;
    surroundings_.at_end();
    return;
  }
  chain_.broadcast(stream_element::of_end_of_partition());
  phase_ = phase::draining;
}

// -- credit -------------------------------------------------------------------

void task::processed(std::size_t channel) {
  const auto credits = grantors_[channel].on_processed(1);
  if (credits == 0)
    return;
  held_grants_[channel] += credits;
  grants_held_ = true;
}

/// Credit goes back only once the chain has got rid of what the input made.
void task::release_grants() {
  if (!grants_held_ || chain_.blocked())
    return;
  for (std::size_t i = 0; i < held_grants_.size(); ++i)
    if (const auto credits = std::exchange(held_grants_[i], 0); credits > 0)
      surroundings_.grant(i, credits);
  grants_held_ = false;
}

// -- time ---------------------------------------------------------------------

void task::report_watermark(nanoseconds now) {
  if (!alignment_)
    return;
  if (const auto mark = alignment_->take_report(now))
    surroundings_.watermark_reached(*mark);
}

void task::fire_timers(nanoseconds now) {
  if (phase_ == phase::draining)
    return; // nothing follows the end of the partition
  for (std::size_t i = 0; i < chain_.size(); ++i)
    if (!chain_.blocked() && chain_.at(i).next_deadline() <= now)
      chain_.at(i).on_time(now);
}

void task::flush_due(nanoseconds now) {
  for (std::size_t i = 0; i < chain_.port_count(); ++i) {
    auto& port = chain_.port(i);
    if (port.open_since()
        && *port.open_since() + settings_.buffer_timeout <= now)
      port.flush();
  }
}

/// @param now the time for which flush_due was called
nanoseconds task::deadline(nanoseconds now) const {
  nanoseconds result = alignment_ ? alignment_->next_report() : never;
  if (chain_.blocked()) {
    // Credit helps, or what an operator waits for.
    for (std::size_t i = 0; i < chain_.size(); ++i)
      if (chain_.at(i).pending() && chain_.at(i).waiting())
        result = std::min(result, chain_.at(i).next_deadline());
    return result;
  }
  for (std::size_t i = 0; i < chain_.size(); ++i)
    result = std::min(result, chain_.at(i).next_deadline());
  for (std::size_t i = 0; i < chain_.port_count(); ++i) {
    const auto since = chain_.port(i).open_since();
    // A port that is overdue has no credit; the credit's message wakes us.
    if (since && *since + settings_.buffer_timeout > now)
      result = std::min(result, *since + settings_.buffer_timeout);
  }
  if (phase_ == phase::running && source_waits_)
    result = std::min(result, source_retry_);
  return result;
}

} // namespace flow
