#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "libflow/core/error.hpp"
#include "libflow/core/receiver.hpp"
#include "libflow/functions/side_outputs.hpp"
#include "libflow/functions/source.hpp"
#include "libflow/operators/operator_snapshot.hpp"
#include "libflow/state/operator_state.hpp"
#include "libflow/time/clock.hpp"

namespace flow {

/// Thrown inside a task, never beyond it: the attempt fails with this error.
struct task_failure {
  error reason;
};

/// Counts that operators keep for the metrics of their task.
/// @thread written by the subtask only
struct operator_counts {
  std::uint64_t records_in = 0;
  std::uint64_t records_out = 0;
  std::uint64_t late_records = 0;
  std::uint64_t late_dropped = 0; ///< of those, without a late output
  std::uint64_t skipped_records = 0;
};

/// Timers that are registered with an operator, over all keys.
struct timer_counts {
  std::size_t event = 0;
  std::size_t processing = 0;

  friend bool operator==(const timer_counts&, const timer_counts&) = default;
};

/// What an operator is told when it opens.
struct operator_context {
  runtime_context::place place;
  /// The only clock an operator may read; outlives it.
  const clock* time = nullptr;
  /// Sources: asks the coordinator for a split.
  std::function<void()> request_split = [] {};
  /// Has the subtask take another step. @thread any, also after its end
  std::function<void()> wake = [] {};
  /// pipeline.auto-watermark-interval, and --watermark-every (0 = by clock).
  std::chrono::milliseconds watermark_interval{200};
  std::uint64_t watermark_every_rows = 0;
  /// Sources: records are as old as their arrival.
  bool stamps_arrival = false;
};

/// One operator of a chain: the contract between the runtime and everything
/// that processes records.
///
/// Lifecycle, all calls from the subtask that owns the chain:
///  1. constructed with the receivers of its outputs, which outlive it;
///  2. `open`, then `restore` at most once, before any input;
///  3. its inputs (`input(i)`) receive batches, watermarks and statuses. A
///     batch is processed in one tight loop; user code that may emit more than
///     it takes gets at most 256 records between two looks at `full()`;
///  4. an operator that stopped because its output is full is `pending()`: it
///     keeps what it has received, in order. The chain gives it no more input
///     and calls `resume()` once the output has room;
///  5. `prepare_snapshot`, then `capture`, are called between batches, only
///     when nothing is pending; what became of the checkpoint comes later,
///     between batches: `checkpoint_completed` or `checkpoint_aborted`, or
///     neither, for it may get lost. A completed one says that all before it
///     are settled as well;
///  6. `finish` when all inputs have ended; it may leave the operator pending.
///     A final snapshot may follow it;
///  7. `close`, always, also after a failure.
///
/// User code may throw; the operator lets a `task_failure` out that names
/// itself and the record if it can be printed. No call blocks; a call takes
/// well under a step (500 us) apart from what user code takes.
class operator_base {
public:
  explicit operator_base(std::string name) : name_(std::move(name)) {}
  operator_base(const operator_base&) = delete;
  operator_base& operator=(const operator_base&) = delete;
  virtual ~operator_base(); // once, not in every operator's destructors

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const operator_counts& counts() const noexcept {
    return counts_;
  }

  /// The receiver of input `index`; valid as long as the operator.
  virtual receiver_base& input(std::size_t index) = 0;

  virtual void open(const operator_context&) {}

  /// True while received input or firing waits for room downstream.
  [[nodiscard]] virtual bool pending() const { return false; }
  virtual void resume() {}
  /// Of one that is pending: `resume()` can do nothing before the task is woken
  /// or the operator's deadline has come.
  [[nodiscard]] virtual bool waiting() const { return false; }

  /// Input `index` has ended; its last watermark has been received.
  /// Not `whole`: it was stopped before its end and goes on after a restore;
  /// nothing may be concluded from what has not come.
  virtual void input_ended(std::size_t, bool /*whole*/) {}

  /// All inputs have ended: emit what is still held back.
  virtual void finish() {}

  /// The task has nothing more to do for now: show what was written.
  virtual void flush() {}

  /// When the operator wants `on_time` next, of the steady clock; the largest
  /// value = never.
  [[nodiscard]] virtual std::chrono::nanoseconds next_deadline() const {
    return std::chrono::nanoseconds::max();
  }
  virtual void on_time(std::chrono::nanoseconds) {}

  /// The barrier is about to go downstream: emit what must not stay behind it.
  virtual void prepare_snapshot(const snapshot_context&) {}

  /// The state now. Must be short whatever the state's size: references
  /// instead of copies, bytes only of what is small.
  [[nodiscard]] virtual operator_capture capture(const snapshot_context&) {
    return {};
  }

  /// The checkpoint is durable: it, or a later one, is what the job restarts
  /// from. May skip ids, and may come for one that this operator restored.
  virtual void checkpoint_completed(std::uint64_t) {}

  /// The checkpoint will never be restored. What was prepared for it belongs to
  /// the next one.
  virtual void checkpoint_aborted(std::uint64_t) {}

  /// What capture() gives together with the function's operator states. Cost:
  /// a copy of those; they are small.
  [[nodiscard]] operator_capture capture_all(const snapshot_context& context);

  /// The state as bytes, at once; for operators without blocking work, and
  /// tests.
  [[nodiscard]] operator_snapshot
  snapshot(const snapshot_context& context = {}) {
    return encode(capture_all(context));
  }

  /// `parts` are all old subtasks' snapshots after redistribution: list
  /// entries are this subtask's own; keyed parts may hold foreign key groups,
  /// which are skipped.
  virtual expected<void> restore(std::span<const operator_snapshot>) {
    return {};
  }

  /// The same for the function's operator states as well; then tells the
  /// function. What the runtime calls.
  expected<void> restore_all(std::span<const operator_snapshot> parts);

  /// Bytes held in state, buffers and timers; an estimate.
  [[nodiscard]] virtual std::size_t state_bytes() const { return 0; }

  /// The same together with the function's operator states.
  [[nodiscard]] std::size_t state_bytes_all() const {
    return state_bytes() + operator_states_.bytes();
  }

  /// For tests; may walk over the state.
  [[nodiscard]] virtual timer_counts timers() { return {}; }

  virtual void close() {}

  [[nodiscard]] side_outputs& sides() noexcept { return sides_; }

protected:
  /// All state is back, before any input.
  virtual void after_restore() {}

  operator_counts counts_;
  side_outputs sides_;
  operator_state_store operator_states_; ///< of the author's function

private:
  std::string name_;
};

/// What the runtime asks of an operator that heads a source chain.
class source_operator_base : public operator_base {
public:
  using operator_base::operator_base;

  receiver_base& input(std::size_t) final {
    invariant_failed(__FILE__, __LINE__, "input()", "a source has no input");
  }

  /// Reads and emits at most `room` records.
  virtual poll_result poll(std::size_t room) = 0;

  virtual void add_split(std::span<const std::byte> split) = 0;
  virtual void no_more_splits() = 0;
  virtual void stop() = 0;

  /// Sends a watermark of the source itself, at its end `max_timestamp`.
  virtual void emit_watermark(timestamp mark) = 0;

  /// Share of the input that was read, if the source knows.
  [[nodiscard]] virtual std::optional<double> progress() const = 0;
};

} // namespace flow
