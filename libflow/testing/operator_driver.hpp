#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "libflow/core/error.hpp"
#include "libflow/metrics/metric_registry.hpp"
#include "libflow/operators/operator.hpp"
#include "libflow/time/clock.hpp"
#include "libflow/time/watermark_valve.hpp"

namespace flow::testing {

/// Where the operator under test believes to stand, and what feeds it.
struct harness_options {
  std::uint32_t parallelism = 1;
  std::uint32_t subtask_index = 0;
  std::uint32_t max_parallelism = 128;
  /// Channels of each input; their watermarks and statuses are combined.
  std::vector<std::size_t> channels{1};
  /// pipeline.auto-watermark-interval, and --watermark-every (0 = by clock).
  duration_ms watermark_interval{200};
  std::uint64_t watermark_every_rows = 0;
  /// Outputs say after each batch once that they are full.
  bool refuse_every_second = false;
};

/// The channel of an input that something comes in on.
struct channel_id {
  std::size_t input = 0;
  std::size_t channel = 0;
};

/// What an operator under test is told when it opens.
/// @param time  outlives the operator
[[nodiscard]] operator_context context_for(const harness_options& options,
                                           const clock& time);

/// The part of an operator harness that knows no record types: drives one
/// operator the way a task does, in the caller's thread and without actors.
/// Processing time starts at 0 and moves only by set_processing_time().
/// What the operator throws becomes the error of the call; after an error
/// nothing but the destructor may be called.
/// Owner: the harness. @thread one
class operator_driver {
public:
  /// @pre op's outputs outlive the driver
  operator_driver(std::unique_ptr<operator_base> op,
                  const harness_options& options);
  operator_driver(const operator_driver&) = delete;
  operator_driver& operator=(const operator_driver&) = delete;
  ~operator_driver();

  /// Before all else; then restore() at most once.
  expected<void> open();
  expected<void> restore(std::span<const operator_snapshot> parts);

  expected<void> receive(std::size_t input, batch_ptr batch);
  expected<void> watermark(timestamp mark, channel_id at);
  expected<void> status(stream_status status, channel_id at);

  /// One channel has ended. With the last of an input the operator is told of
  /// its end, with the last of all it finishes.
  expected<void> end_channel(channel_id at);

  /// Sets the clock and fires what is due then, also what is registered
  /// meanwhile, in the order of time.
  expected<void> set_processing_time(timestamp now);

  /// The state as it is now; the operator goes on.
  expected<operator_snapshot> snapshot();

  [[nodiscard]] timestamp processing_time() const { return clock_.now(); }
  [[nodiscard]] const metric_registry& metrics() const { return metrics_; }
  [[nodiscard]] operator_base& op() noexcept { return *op_; }
  [[nodiscard]] const operator_base& op() const noexcept { return *op_; }

private:
  struct input_state {
    explicit input_state(std::size_t channels)
      : valve(channels), open_channels(channels) {}
    watermark_valve valve;
    std::size_t open_channels;
  };

  void forward(std::size_t input, const valve_output& combined);
  void settle();
  expected<void> guarded(const std::function<void()>& call);

  manual_clock clock_;
  metric_registry metrics_;
  operator_context context_;
  std::unique_ptr<operator_base> op_;
  std::vector<input_state> inputs_;
  std::size_t open_inputs_;
  bool opened_ = false;
};

} // namespace flow::testing
