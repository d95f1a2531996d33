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
  std::uint64_t skipped_records = 0;
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
};

/// The state of one operator in one subtask, as bytes. Which part is cut how
/// when the parallelism changes is said at each.
struct operator_snapshot {
  byte_string keyed;             ///< by key groups (state/FORMAT.md)
  std::vector<byte_string> list; ///< entries dealt out evenly
  byte_string broadcast;         ///< the same in every subtask

  friend bool operator==(const operator_snapshot&,
                         const operator_snapshot&) = default;
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
///  5. `snapshot` is called between batches, only when nothing is pending;
///  6. `finish` when all inputs have ended; it may leave the operator pending;
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
  virtual ~operator_base() = default;

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

  [[nodiscard]] virtual operator_snapshot snapshot() { return {}; }

  /// `parts` are all old subtasks' snapshots after redistribution: list
  /// entries are this subtask's own; keyed parts may hold foreign key groups,
  /// which are skipped.
  virtual expected<void> restore(std::span<const operator_snapshot>) {
    return {};
  }

  /// Bytes held in state, buffers and timers; an estimate.
  [[nodiscard]] virtual std::size_t state_bytes() const { return 0; }

  virtual void close() {}

  [[nodiscard]] side_outputs& sides() noexcept { return sides_; }

protected:
  operator_counts counts_;
  side_outputs sides_;

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
