#pragma once

#include <cstddef>
#include <ostream>
#include <utility>
#include <variant>
#include <vector>

#include "libflow/core/receiver.hpp"

namespace flow::testing {

/// A record that an operator emitted; stamp min_timestamp = none.
template <class T>
struct emitted {
  T value{};
  timestamp stamp = min_timestamp;

  friend bool operator==(const emitted&, const emitted&) = default;
};

/// A watermark that an operator passed on.
struct emitted_watermark {
  timestamp mark = min_timestamp;

  friend bool operator==(const emitted_watermark&,
                         const emitted_watermark&) = default;
};

/// What comes out of an operator, in order.
template <class T>
using output_item = std::variant<emitted<T>, emitted_watermark, stream_status>;

/// Keeps what an operator puts out. With `refuse_every_second`, says after each
/// batch once that it is full, as a slow consumer would.
template <class T>
class recorder final : public receiver<T> {
public:
  void receive(record_batch_ptr<T> batch) override {
    const auto values = std::as_const(*batch).values();
    const auto stamps = batch->timestamps();
    for (std::size_t i = 0; i < values.size(); ++i)
      items_.push_back(emitted<T>{values[i], stamps[i]});
    owes_refusal_ = refuses_;
  }
  void receive_watermark(timestamp mark) override {
    items_.push_back(emitted_watermark{mark});
  }
  void receive_status(stream_status status) override {
    items_.push_back(status);
  }
  [[nodiscard]] bool full() const override {
    return std::exchange(owes_refusal_, false);
  }

  void refuse_every_second(bool refuses) noexcept { refuses_ = refuses; }

  /// What came since the last call.
  [[nodiscard]] std::vector<output_item<T>> take() {
    return std::exchange(items_, {});
  }

private:
  std::vector<output_item<T>> items_;
  bool refuses_ = false;
  mutable bool owes_refusal_ = false;
};

} // namespace flow::testing
