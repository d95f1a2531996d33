#pragma once

#include <deque>
#include <limits>
#include <optional>

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

/// Base of operators with one input that may emit more than they take. Input
/// waits in order while the output is full; work goes on piece by piece.
template <class In, class Out>
class pausable_operator : public operator_base, public receiver<In> {
public:
  pausable_operator(std::string name, receiver<Out>& out)
    : operator_base(std::move(name)), out_(&out) {}

  receiver_base& input(std::size_t) final { return *this; }

  void receive(record_batch_ptr<In> batch) final {
    counts_.records_in += batch->size();
    enqueue({kind::batch, std::move(batch), 0, 0});
  }
  void receive_watermark(timestamp mark) final {
    enqueue({kind::watermark, nullptr, 0, mark});
  }
  void receive_status(stream_status status) final {
    enqueue({status == stream_status::idle ? kind::idle : kind::active, nullptr,
             0, 0});
  }
  void finish() final { enqueue({kind::finish, nullptr, 0, 0}); }

  [[nodiscard]] bool full() const final {
    return !inbox_.empty() || output_full();
  }
  [[nodiscard]] bool pending() const final { return !inbox_.empty(); }
  /// Goes on by one piece at most where one is not the whole: the chain looks
  /// at its clock and calls again.
  void resume() final {
    while (!inbox_.empty() && !output_full() && step(inbox_.front()))
      inbox_.pop_front();
  }

protected:
  /// Processes records [first, last) of `batch`.
  virtual void process(record_batch<In>& batch, std::size_t first,
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

  receiver<Out>* out_; // not owned

private:
  enum class kind : std::uint8_t { batch, watermark, active, idle, finish };

  struct item {
    kind what;
    record_batch_ptr<In> batch;
    std::size_t position; // records of the batch that are done
    timestamp mark;
  };

  [[nodiscard]] bool output_full() const {
    return out_->full() || sides_.full();
  }

  void enqueue(item next) {
    inbox_.push_back(std::move(next));
    if (inbox_.size() == 1)
      resume();
  }

  bool step(item& front) {
    switch (front.what) {
    case kind::batch:
      return step_batch(front);
    case kind::watermark:
      if (watermark_ < front.mark)
        watermark_ = front.mark;
      if (!advance_to(front.mark))
        return false;
      out_->receive_watermark(front.mark);
      sides_.receive_watermark(front.mark);
      return true;
    case kind::finish:
      return finish_some();
    case kind::active:
    case kind::idle: {
      const auto status =
        front.what == kind::idle ? stream_status::idle : stream_status::active;
      out_->receive_status(status);
      sides_.receive_status(status);
      return true;
    }
    }
    return true;
  }

  bool step_batch(item& front) {
    const std::size_t last =
      std::min(front.position + piece(), front.batch->size());
    process(*front.batch, front.position, last);
    front.position = last;
    return last == front.batch->size();
  }

  std::deque<item> inbox_;
  timestamp watermark_ = min_timestamp;
};

} // namespace flow
