#include "libflow/testing/operator_driver.hpp"

#include <exception>
#include <string>
#include <utility>

namespace flow::testing {

namespace {

/// Turns of an operator that never comes to rest: it waits for itself.
constexpr std::size_t most_turns = 100'000'000;

} // namespace

operator_context context_for(const harness_options& options,
                             const clock& time) {
  operator_context context;
  context.place.job_name = "harness";
  context.place.operator_name = "harness";
  context.place.subtask_index = options.subtask_index;
  context.place.parallelism = options.parallelism;
  context.place.max_parallelism = options.max_parallelism;
  context.time = &time;
  context.watermark_interval = options.watermark_interval;
  context.watermark_every_rows = options.watermark_every_rows;
  return context;
}

operator_driver::operator_driver(std::unique_ptr<operator_base> op,
                                 const harness_options& options)
  : context_(context_for(options, clock_)), op_(std::move(op)),
    open_inputs_(options.channels.size()) {
  for (const std::size_t channels : options.channels)
    inputs_.emplace_back(channels);
}

operator_driver::~operator_driver() {
  if (!opened_)
    return;
  // What a function throws at its end has nobody to go to.
  static_cast<void>(guarded([this] { op_->close(); }));
}

expected<void> operator_driver::open() {
  return guarded([this] {
    const metrics_scope scope{metrics_};
    opened_ = true;
    op_->open(context_);
  });
}

expected<void>
operator_driver::restore(std::span<const operator_snapshot> parts) {
  expected<void> restored;
  auto called = guarded([&] {
    restored = op_->restore_all(parts);
    if (restored)
      settle();
  });
  return called ? restored : called;
}

expected<void> operator_driver::receive(std::size_t input, batch_ptr batch) {
  return guarded([&] {
    op_->input(input).receive_erased(std::move(batch));
    settle();
  });
}

expected<void> operator_driver::watermark(timestamp mark, channel_id at) {
  return guarded([&] {
    forward(at.input, inputs_[at.input].valve.watermark(at.channel, mark));
  });
}

expected<void> operator_driver::status(stream_status status, channel_id at) {
  return guarded([&] {
    forward(at.input, inputs_[at.input].valve.status(at.channel, status));
  });
}

expected<void> operator_driver::end_channel(channel_id at) {
  return guarded([&] {
    auto& input = inputs_[at.input];
    forward(at.input, input.valve.finish(at.channel));
    if (--input.open_channels > 0)
      return;
    op_->input_ended(at.input, true);
    settle();
    if (--open_inputs_ > 0)
      return;
    op_->finish();
    settle();
  });
}

expected<void> operator_driver::set_processing_time(timestamp now) {
  return guarded([&] {
    const timestamp before = clock_.now();
    if (now >= before)
      clock_.advance(duration_ms{now - before});
    else
      clock_.set_now(now);
    do {
      op_->on_time(clock_.steady());
      settle();
    } while (op_->next_deadline() <= clock_.steady());
  });
}

expected<operator_snapshot> operator_driver::snapshot() {
  operator_snapshot taken;
  auto called = guarded([&] {
    op_->prepare_snapshot({});
    settle();
    taken = op_->snapshot();
  });
  if (!called)
    return called.error();
  return taken;
}

void operator_driver::forward(std::size_t input, const valve_output& combined) {
  auto& to = op_->input(input);
  if (combined.status == stream_status::active)
    to.receive_status(stream_status::active);
  if (combined.watermark)
    to.receive_watermark(*combined.watermark);
  if (combined.status == stream_status::idle)
    to.receive_status(stream_status::idle);
  settle();
}

void operator_driver::settle() {
  for (std::size_t turn = 0; op_->pending() && !op_->waiting(); ++turn) {
    if (turn == most_turns)
      throw task_failure{
        {error_code::timed_out,
         "operator \"" + op_->name() + "\" does not come to rest",
         error_severity::fatal}};
    op_->resume();
  }
}

expected<void> operator_driver::guarded(const std::function<void()>& call) {
  try {
    call();
  } catch (const task_failure& failure) {
    return failure.reason;
  } catch (const std::exception& thrown) {
    return error{error_code::user_function, thrown.what()};
  }
  return {};
}

} // namespace flow::testing
