#pragma once

#include <deque>
#include <string>
#include <utility>

#include "libflow/core/limits.hpp"
#include "libflow/functions/context.hpp"
#include "libflow/operators/operator.hpp"
#include "libflow/operators/user_error.hpp"

namespace flow {

/// Base of operators with one input that never emit more than they take: they
/// need not look whether the output is full.
template <class In, class Out>
class streamlined_operator : public operator_base, public receiver<In> {
public:
  streamlined_operator(std::string name, receiver<Out>& out)
    : operator_base(std::move(name)), out_(&out) {}

  receiver_base& input(std::size_t) final { return *this; }

  void receive_watermark(timestamp mark) override {
    out_->receive_watermark(mark);
    sides_.receive_watermark(mark);
  }
  void receive_status(stream_status status) override {
    out_->receive_status(status);
    sides_.receive_status(status);
  }
  [[nodiscard]] bool full() const override {
    return out_->full() || sides_.full();
  }

protected:
  receiver<Out>* out_; // not owned
};

/// The part of pausable_operator that needs no record type: what was received
/// and waits, in order.
class pausable_base : public operator_base {
public:
  void finish() final;
  [[nodiscard]] bool full() const { return !inbox_.empty() || output_full(); }
  [[nodiscard]] bool pending() const final { return !inbox_.empty(); }
  /// Goes on by one piece at most where one is not the whole: the chain looks
  /// at its clock and calls again.
  void resume() final;

protected:
  pausable_base(std::string name, receiver_base& out);

  void take(batch_ptr received);
  void take_watermark(timestamp mark);
  void take_status(stream_status status);

  /// Processes records [first, last) of a batch of the input's type.
  virtual void process_erased(batch& records, std::size_t first,
                              std::size_t last) = 0;

  /// Records processed between two looks at the output.
  [[nodiscard]] virtual std::size_t piece() const {
    return limits::records_per_amplifying_call;
  }

  /// Does some of what a watermark asks for; true when all is done, and the
  /// watermark may go on.
  virtual bool advance_to(timestamp) { return true; }

  /// Does some of what the end of input asks for; true when all is done.
  virtual bool finish_some() { return true; }

  [[nodiscard]] timestamp current_watermark() const noexcept {
    return watermark_;
  }

private:
  enum class kind : std::uint8_t { batch, watermark, active, idle, finish };

  struct item {
    kind what;
    batch_ptr records;
    std::size_t position; // records of the batch that are done
    timestamp mark;
  };

  [[nodiscard]] bool output_full() const {
    return out_->full() || sides_.full();
  }
  void enqueue(item next);
  bool step(item& front);
  bool step_batch(item& front);

  receiver_base* out_; // not owned
  std::deque<item> inbox_;
  timestamp watermark_ = min_timestamp;
};

/// Base of operators with one input that may emit more than they take. Input
/// waits in order while the output is full; work goes on piece by piece.
template <class In, class Out>
class pausable_operator : public pausable_base, public receiver<In> {
public:
  pausable_operator(std::string name, receiver<Out>& out)
    : pausable_base(std::move(name), out), out_(&out) {}

  receiver_base& input(std::size_t) final { return *this; }

  void receive(record_batch_ptr<In> received) final {
    take(std::move(received));
  }
  void receive_watermark(timestamp mark) final { take_watermark(mark); }
  void receive_status(stream_status status) final { take_status(status); }
  [[nodiscard]] bool full() const final { return pausable_base::full(); }

protected:
  /// Processes records [first, last) of `batch`.
  virtual void process(record_batch<In>& batch, std::size_t first,
                       std::size_t last) = 0;

  receiver<Out>* out_; // not owned

private:
  void process_erased(batch& records, std::size_t first,
                      std::size_t last) final {
    process(static_cast<record_batch<In>&>(records), first, last);
  }
};

} // namespace flow
