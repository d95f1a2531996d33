#pragma once

#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include "libflow/core/receiver.hpp"

namespace flow {

/// The end of a stream in a test: keeps what it receives, in order. It is full
/// once `capacity` records came since the last make_room().
template <class T>
class collecting_receiver final : public receiver<T> {
public:
  struct row {
    T value;
    timestamp stamp;
    friend bool operator==(const row&, const row&) = default;
  };

  static constexpr std::size_t unlimited =
    std::numeric_limits<std::size_t>::max();

  explicit collecting_receiver(std::size_t capacity = unlimited)
    : capacity_(capacity) {}

  void receive(record_batch_ptr<T> batch) override {
    const auto values = std::as_const(*batch).values();
    for (std::size_t i = 0; i < values.size(); ++i)
      rows.push_back({values[i], batch->timestamps()[i]});
    received_ += values.size();
  }
  void receive_watermark(timestamp mark) override {
    watermarks.push_back(mark);
    rows_at_watermark.push_back(rows.size());
  }
  void receive_status(stream_status status) override {
    statuses.push_back(status);
  }
  [[nodiscard]] bool full() const override { return received_ >= capacity_; }

  /// Lets `capacity` more records come.
  void make_room() { received_ = 0; }
  void make_room(std::size_t capacity) {
    capacity_ = capacity;
    received_ = 0;
  }

  /// What came since the last call.
  [[nodiscard]] std::vector<row> take() { return std::exchange(rows, {}); }

  std::vector<row> rows;
  std::vector<timestamp> watermarks;
  std::vector<std::size_t> rows_at_watermark; ///< rows before each of them
  std::vector<stream_status> statuses;

private:
  std::size_t capacity_;
  std::size_t received_ = 0;
};

} // namespace flow
