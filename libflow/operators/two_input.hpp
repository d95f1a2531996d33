#pragma once

#include <algorithm>

#include "libflow/operators/stepping.hpp"
#include "libflow/operators/user_error.hpp"
#include "libflow/time/watermark_valve.hpp"

namespace flow {

/// Base of operators with two inputs. Records of both are processed in the
/// order in which they came; the watermark is the lower one of both inputs, of
/// which an idle one does not count.
template <class A, class B, class Out>
class two_input_operator : public stepping_operator<Out> {
  using base = stepping_operator<Out>;

public:
  two_input_operator(std::string name, receiver<Out>& out)
    : base(std::move(name), out), first_(*this), second_(*this) {}

  receiver_base& input(std::size_t index) final {
    if (index == 0)
      return first_;
    return second_;
  }

  /// Of an input that was only stopped nothing may be concluded.
  void input_ended(std::size_t index, bool whole) override {
    if (whole)
      forward(valve_.finish(index));
  }

protected:
  virtual void process_first(record_batch<A>& batch, std::size_t first,
                             std::size_t last) = 0;
  virtual void process_second(record_batch<B>& batch, std::size_t first,
                              std::size_t last) = 0;

  /// Takes a batch of the second input at once, past what is held.
  virtual bool take_second_now() const { return false; }

private:
  template <class T, std::size_t Index>
  struct port final : receiver<T> {
    explicit port(two_input_operator& it) : owner(it) {}
    void receive(record_batch_ptr<T> batch) override {
      owner.take(Index, std::move(batch));
    }
    void receive_watermark(timestamp mark) override {
      owner.forward(owner.valve_.watermark(Index, mark));
    }
    void receive_status(stream_status status) override {
      owner.forward(owner.valve_.status(Index, status));
    }
    [[nodiscard]] bool full() const override { return owner.input_full(); }
    two_input_operator& owner;
  };

  void take(std::size_t index, batch_ptr batch) {
    if (index == 0 || !take_second_now()) {
      this->enqueue_batch(index, std::move(batch));
      return;
    }
    this->counts_.records_in += batch->size();
    process_some(index, *batch, 0, batch->size());
  }

  void process_some(std::size_t input, batch& records, std::size_t first,
                    std::size_t last) final {
    if (input == 0)
      process_first(static_cast<record_batch<A>&>(records), first, last);
    else
      process_second(static_cast<record_batch<B>&>(records), first, last);
  }

  void forward(const valve_output& combined) {
    if (combined.status == stream_status::active)
      this->enqueue_status(stream_status::active);
    if (combined.watermark)
      this->enqueue_watermark(*combined.watermark);
    if (combined.status == stream_status::idle)
      this->enqueue_status(stream_status::idle);
  }

  watermark_valve valve_{2};
  port<A, 0> first_;
  port<B, 1> second_;
};

} // namespace flow
