#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "libflow/core/batch.hpp"
#include "libflow/core/timestamp.hpp"

namespace flow {

/// Whether a stream is expected to carry records soon. An idle one does not
/// hold back watermarks downstream.
enum class stream_status : std::uint8_t { active, idle };

/// The receiving end of a stream of records whose type is not known here.
/// @thread the subtask that owns it
class receiver_base {
public:
  virtual ~receiver_base() = default;

  /// Takes the next batch of the stream.
  /// @pre its records have the type of this receiver
  virtual void receive_erased(batch_ptr batch) = 0;

  /// No record with a timestamp <= `mark` follows. Never goes backwards.
  virtual void receive_watermark(timestamp mark) = 0;

  virtual void receive_status(stream_status status) = 0;

  /// True while what is received only piles up: a producer that can stop must
  /// stop, and go on when this turns false. Receiving more is not an error.
  [[nodiscard]] virtual bool full() const = 0;
};

/// The receiving end of a stream of T: an operator's input, an exchange's
/// sending side, or a test. What one call delivers comes in this order:
/// batches, then the watermark that holds after them.
template <class T>
class receiver : public receiver_base {
public:
  /// Takes the next batch; never empty. The receiver may change it in place
  /// unless it is shared.
  virtual void receive(record_batch_ptr<T> batch) = 0;

  void receive_erased(batch_ptr batch) final {
    receive(typed<T>(std::move(batch)));
  }
};

/// Receives and forgets: the output of an operator that nothing consumes.
template <class T>
class null_receiver final : public receiver<T> {
public:
  void receive(record_batch_ptr<T>) override {}
  void receive_watermark(timestamp) override {}
  void receive_status(stream_status) override {}
  [[nodiscard]] bool full() const override { return false; }
};

/// Hands one stream to several receivers; batches are shared, not copied.
template <class T>
class fan_out final : public receiver<T> {
public:
  /// @pre all are receivers of T
  explicit fan_out(std::vector<receiver_base*> targets)
    : targets_(std::move(targets)) {}

  void receive(record_batch_ptr<T> batch) override {
    for (std::size_t i = 0; i + 1 < targets_.size(); ++i)
      static_cast<receiver<T>*>(targets_[i])->receive(batch);
    static_cast<receiver<T>*>(targets_.back())->receive(std::move(batch));
  }
  void receive_watermark(timestamp mark) override {
    for (auto* target : targets_)
      target->receive_watermark(mark);
  }
  void receive_status(stream_status status) override {
    for (auto* target : targets_)
      target->receive_status(status);
  }
  [[nodiscard]] bool full() const override {
    return std::any_of(targets_.begin(), targets_.end(),
                       [](auto* target) { return target->full(); });
  }

private:
  std::vector<receiver_base*> targets_; // not owned; live as long as the task
};

} // namespace flow
