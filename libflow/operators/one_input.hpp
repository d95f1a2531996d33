#pragma once

#include "libflow/operators/stepping.hpp"

namespace flow {

/// Base of operators with one input that never emit more than they take: they
/// need not look whether the output is full.
template <class In, class Out>
class streamlined_operator : public guarding_operator, public receiver<In> {
public:
  streamlined_operator(std::string name, receiver<Out>& out)
    : guarding_operator(std::move(name)), out_(&out) {}

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

/// Base of operators with one input that may emit more than they take.
template <class In, class Out>
class pausable_operator : public stepping_operator<Out>, public receiver<In> {
public:
  using stepping_operator<Out>::stepping_operator;

  receiver_base& input(std::size_t) final { return *this; }

  void receive(record_batch_ptr<In> batch) final {
    this->enqueue_batch(0, std::move(batch));
  }
  void receive_watermark(timestamp mark) final {
    this->enqueue_watermark(mark);
  }
  void receive_status(stream_status status) final {
    this->enqueue_status(status);
  }
  [[nodiscard]] bool full() const final { return this->input_full(); }

protected:
  /// Processes records [first, last) of `batch`.
  virtual void process(record_batch<In>& batch, std::size_t first,
                       std::size_t last) = 0;

private:
  void process_some(std::size_t, batch& records, std::size_t first,
                    std::size_t last) final {
    process(static_cast<record_batch<In>&>(records), first, last);
  }
};

} // namespace flow
