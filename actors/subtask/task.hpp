#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "actors/subtask/operator_chain.hpp"
#include "actors/subtask/task_snapshot.hpp"
#include "libflow/checkpoint/checkpoint_metadata.hpp"
#include "libflow/exchange/barrier_handler.hpp"
#include "libflow/exchange/input_gate.hpp"
#include "libflow/metrics/metric_registry.hpp"
#include "libflow/operators/source_alignment.hpp"
#include "libflow/time/clock.hpp"
#include "libflow/time/watermark_valve.hpp"

namespace flow {

/// A snapshot that a task has taken, on its way to be written.
struct taken_snapshot {
  checkpoint_barrier barrier;
  task_capture capture;
  subtask_stage stage = subtask_stage::running;
  std::chrono::nanoseconds alignment{0}; ///< from the first barrier to the last
  std::chrono::nanoseconds sync{0};      ///< that it took
};

/// What a task does to the world around it. The subtask actor implements it
/// with messages, tests with queues.
class task_surroundings {
public:
  virtual ~task_surroundings() = default;

  /// Takes an element to the other end of an output channel.
  virtual void send(std::size_t port, std::size_t channel,
                    std::uint64_t sequence, stream_element&& element) = 0;

  /// Tells the sender of an input channel that it may send more.
  virtual void grant(std::size_t channel, std::uint32_t credits) = 0;

  /// Asks the source's coordinator for a split.
  virtual void request_split() = 0;

  /// A barrier has passed; the snapshot is to be written and acknowledged.
  virtual void snapshot_taken(taken_snapshot) {}

  /// A checkpoint will not be taken here.
  virtual void snapshot_given_up(std::uint64_t /*id*/, barrier_abort) {}

  /// Everything was processed; a checkpoint has to commit it.
  virtual void at_end() {}

  /// How far a source has come that keeps step with others: see
  /// source_alignment::take_report().
  virtual void watermark_reached(timestamp) {}

  /// What has the task woken (`task::wake`, then a step) from any thread, also
  /// after its end.
  [[nodiscard]] virtual std::function<void()> waker() {
    return [] {};
  }
};

/// What a task wants after a step.
struct step_result {
  enum class next_step {
    again, ///< there is more to do now; let the mailbox speak in between
    wait,  ///< nothing to do until a message comes or `deadline`
    done,  ///< everything was processed and sent; the task has ended
    failed ///< the attempt has failed with `cause`
  };
  next_step next = next_step::wait;
  /// Of the steady clock; the largest value = none.
  std::chrono::nanoseconds deadline = std::chrono::nanoseconds::max();
  std::optional<error> cause;
};

/// One parallel instance of a chain of operators, without the actor around it:
/// input gate, watermark valves, operators, output ports. Work is done in
/// `step`s of bounded time; everything else only takes notes.
/// @thread one; the subtask actor that owns it
class task {
public:
  /// @param surroundings and `time` outlive the task
  task(task_place place, const task_settings& settings,
       task_surroundings& surroundings, const clock& time,
       metric_registry& metrics);

  /// Opens the operators and grants the first credit.
  expected<void> open();

  // -- messages, O(1) each ----------------------------------------------------

  /// An element arrived. Errors: a gap in the sequence, more than was granted.
  expected<void> enqueue(std::size_t channel, std::uint64_t sequence,
                         stream_element element) {
    return gate_.enqueue(channel, sequence, std::move(element));
  }

  expected<void> on_credit(std::size_t port, std::size_t channel,
                           std::uint32_t credits);
  expected<void> add_split(std::span<const std::byte> split);
  expected<void> no_more_splits();

  /// Something outside has changed that the source or a sink waits for.
  void wake() noexcept { source_waits_ = false; }

  /// A checkpoint begins here: at a source, or where all upstream has ended.
  void trigger(const checkpoint_barrier& barrier);

  /// News of a checkpoint; calls the operators.
  expected<void> checkpoint_completed(std::uint64_t id);
  expected<void> checkpoint_aborted(std::uint64_t id);

  /// Sources: read nothing more, let flow out what was read.
  expected<void> stop();

  /// Sources that keep step with others: the watermark above which to pause.
  void allow_watermark(timestamp limit) noexcept {
    if (alignment_)
      alignment_->allow(limit);
  }

  // -- work -------------------------------------------------------------------

  [[nodiscard]] step_result step();

  /// Closes the operators; the task takes nothing after this.
  void close() noexcept { chain_.close(); }

  // -- its state --------------------------------------------------------------

  /// The state between two elements.
  /// @pre nothing waits for credit, and what the operators emitted was sent on,
  ///      as a barrier does
  [[nodiscard]] task_capture capture(const snapshot_context& context = {});

  /// Takes over a state, and hands the watermarks that held then to the chain.
  /// @pre after open(), before any step
  expected<void> restore(const restored_task& from);

  /// Channels of each input, for `redistributed`.
  [[nodiscard]] std::vector<std::size_t> channels_of_inputs() const;

  /// What it sent has gone to another process.
  void count_remote(std::uint64_t bytes) noexcept {
    metrics_->bytes_out_remote.add(bytes);
  }

  // -- looking at it ----------------------------------------------------------

  /// Where each operator of the chain has its name, head first.
  [[nodiscard]] std::vector<const std::string*> operator_names() const;

  [[nodiscard]] bool is_source() const { return chain_.source() != nullptr; }

  /// Share of the input read, of sources that know.
  [[nodiscard]] std::optional<double> progress() const;

  /// What the task waits for now, one clause: credit of which channel, input,
  /// a timer. Empty when it has work.
  [[nodiscard]] std::string waiting_for() const;

  /// Who holds the watermark: the input channel with the lowest one.
  [[nodiscard]] std::string watermark_holder() const;

private:
  enum class phase : std::uint8_t {
    running,    ///< takes input; ends when all inputs have ended
    finishing,  ///< operators emit what they held back, head to tail
    committing, ///< the end of data is announced; ends when a checkpoint that
                ///< holds it has completed
    draining,   ///< the end is announced; ends when the overdraft is empty
    ended,
  };

  void register_metrics(metric_registry& metrics);
  void find_alignment();
  template <class Function>
  expected<void> ask_source(Function&& function);
  step_result run_step();
  bool advance();
  bool advance_source();
  bool advance_input();
  bool advance_finish();
  void dispatch(picked next);
  void on_data(std::size_t channel, stream_element& element);
  void forward(std::size_t input, const valve_output& out);
  void end_channel(std::size_t channel, end_mode mode);
  void begin_finish(end_mode mode);
  void announce_end();
  bool advance_trigger();
  void on_barrier(std::size_t channel, const checkpoint_barrier& barrier);
  void settle_barriers();
  void take_snapshot(const checkpoint_barrier& barrier);
  void take_held_splits();
  void processed(std::size_t channel);
  void release_grants();
  void fire_timers(std::chrono::nanoseconds now);
  void flush_due(std::chrono::nanoseconds now);
  [[nodiscard]] std::size_t source_room(std::chrono::nanoseconds now);
  [[nodiscard]] std::chrono::nanoseconds
  deadline(std::chrono::nanoseconds now) const;
  void report_watermark(std::chrono::nanoseconds now);
  void publish();

  const task_settings settings_;
  task_surroundings& surroundings_;
  const clock& time_;
  const task_place place_;

  operator_chain chain_;
  std::optional<source_alignment> alignment_; // with operators of chain_
  input_gate gate_;
  std::unique_ptr<barrier_handler> barriers_;
  std::vector<watermark_valve> valves_;  // one an input
  std::vector<credit_grantor> grantors_; // one a channel
  std::vector<std::uint32_t> held_grants_;
  bool grants_held_ = false;
  std::vector<bool> channel_ended_;
  std::vector<std::size_t> open_channels_; // of each input
  std::vector<bool> input_stopped_;        // a channel of the input was

  phase phase_ = phase::running;
  end_mode mode_ = end_mode::drained;
  std::size_t finish_next_ = 0; // operator that finishes next
  bool had_ended_ = false;      // before the checkpoint it was restored from
  std::deque<checkpoint_barrier> triggers_; // to be taken between two elements
  std::deque<byte_string> held_splits_;     // came behind a trigger
  bool no_more_splits_held_ = false;
  std::optional<std::chrono::nanoseconds> alignment_since_;
  std::optional<std::uint64_t> last_snapshot_; // first one behind the end
  bool stop_requested_ = false;
  bool source_waits_ = false;
  bool held_by_rate_ = false; // of these, for the rate limit
  std::chrono::nanoseconds source_retry_ = std::chrono::nanoseconds::max();
  std::chrono::nanoseconds rate_since_{-1};
  double rate_emitted_ = 0;

  metric_registry* registry_ = nullptr; // outlives the task
  std::shared_ptr<task_metrics> metrics_;
  std::vector<std::shared_ptr<operator_metrics>> operator_metrics_;
  std::vector<operator_counts> published_;
  std::uint64_t batches_in_ = 0;
  std::uint64_t bytes_in_ = 0;
};

} // namespace flow
