#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "libflow/core/limits.hpp"
#include "libflow/operators/guarding_operator.hpp"

namespace flow {

/// Base of operators that may emit more than they take, record types apart.
/// What they receive, on whichever input, waits in order while the output is
/// full; work goes on piece by piece.
///
/// Timers in processing time fire outside of that order, whenever the task
/// looks: in steps, so that what the task receives gets through in between.
class stepping_base : public guarding_operator {
public:
  ~stepping_base() override; // once, not in every operator's destructors

  void open(const operator_context& context) override { time_ = context.time; }

  void finish() final;

  [[nodiscard]] bool pending() const override {
    return !inbox_.empty() && !holding();
  }
  /// Goes on by one piece at most where one is not the whole: the chain looks
  /// at its clock and calls again.
  void resume() final;

  /// A millisecond after the timer's own, so that a record of that millisecond
  /// is not missed.
  [[nodiscard]] std::chrono::nanoseconds next_deadline() const override;
  void on_time(std::chrono::nanoseconds) override;

protected:
  enum class kind : std::uint8_t { batch, watermark, active, idle, finish };

  struct item {
    kind what;
    std::uint8_t input; ///< of a batch
    batch_ptr records;
    std::size_t position; ///< records of the batch that are done
    timestamp mark;
  };

  /// @param out  outlives the operator
  stepping_base(std::string name, receiver_base& out)
    : guarding_operator(std::move(name)), erased_out_(&out) {}

  /// Processes records [first, last) of a batch of an input.
  virtual void process_some(std::size_t input, batch& records,
                            std::size_t first, std::size_t last) = 0;

  /// Called by process_some(): it has not processed the record `index` to its
  /// end, nor those behind it, because the output is full. It gets them again.
  void pause_at(std::size_t index) noexcept { paused_at_ = index; }

  /// Records processed between two looks at the output.
  [[nodiscard]] virtual std::size_t piece() const {
    return limits::records_per_amplifying_call;
  }

  /// Does some of what a watermark asks for; true when all is done, and the
  /// watermark may go on.
  virtual bool advance_to(timestamp) { return true; }

  /// Does some of what the end of input asks for; true when all is done.
  virtual bool finish_some() { return true; }

  /// Time of the earliest timer in processing time.
  [[nodiscard]] virtual std::optional<timestamp> next_processing_timer() const {
    return std::nullopt;
  }
  /// Fires some of the timers in processing time that are due; true when none
  /// is left.
  virtual bool fire_processing(timestamp) { return true; }

  /// While true, nothing of what was received is processed.
  [[nodiscard]] virtual bool holding() const { return false; }

  [[nodiscard]] timestamp current_watermark() const noexcept {
    return watermark_;
  }

  [[nodiscard]] bool output_full() const {
    return erased_out_->full() || sides_.full();
  }
  [[nodiscard]] bool input_full() const { return pending() || output_full(); }

  void enqueue(item next);
  void enqueue_batch(std::size_t input, batch_ptr records);
  void enqueue_watermark(timestamp mark);
  void enqueue_status(stream_status status);

  [[nodiscard]] const std::deque<item>& inbox() const noexcept {
    return inbox_;
  }

  const clock* time_ = nullptr;

private:
  bool step(item& front);
  bool step_batch(item& front);

  receiver_base* erased_out_; // not owned
  std::deque<item> inbox_;
  std::size_t paused_at_ = 0;
  timestamp watermark_ = min_timestamp;
  bool more_is_due_ = false;
};

/// The same, with the record type of its output.
template <class Out>
class stepping_operator : public stepping_base {
public:
  stepping_operator(std::string name, receiver<Out>& out)
    : stepping_base(std::move(name), out), out_(&out) {}

protected:
  receiver<Out>* out_; // not owned
};

} // namespace flow
