#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "libflow/core/assert.hpp"
#include "libflow/exchange/stream_element.hpp"

namespace flow {

/// Elements of one channel that wait, first in first out, with counts for
/// credit and metrics. A ring that grows: no allocation once it has reached
/// its size. Owner: a gate or an output; one thread.
class element_queue {
public:
  /// From so many elements on a watermark replaces another one right before
  /// it, which nobody has seen yet. A channel that is blocked for minutes while
  /// watermarks come every millisecond stays small; shorter queues keep each.
  static constexpr std::size_t merge_watermarks_from = 64;

  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

  /// Number of elements.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  /// Number of elements that cost a credit.
  [[nodiscard]] std::size_t batches() const noexcept { return batches_; }

  /// Memory of the batches.
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

  /// The first element.
  /// @pre not empty
  [[nodiscard]] const stream_element& front() const {
    FLOW_ASSERT(size_ > 0, "no element waits");
    return ring_[head_];
  }

  void push(stream_element&& element) {
    if (size_ >= merge_watermarks_from && merges(element)) {
      back() = std::move(element);
      return;
    }
    if (size_ == ring_.size())
      grow();
    batches_ += element.costs_credit() ? 1 : 0;
    bytes_ += element.bytes();
    ++size_;
    back() = std::move(element);
  }

  /// @pre not empty
  [[nodiscard]] stream_element pop() {
    FLOW_ASSERT(size_ > 0, "no element waits");
    stream_element result = std::move(ring_[head_]);
    head_ = (head_ + 1) & (ring_.size() - 1);
    --size_;
    batches_ -= result.costs_credit() ? 1 : 0;
    bytes_ -= result.bytes();
    return result;
  }

private:
  static constexpr std::size_t first_capacity = 4;

  stream_element& back() noexcept {
    return ring_[(head_ + size_ - 1) & (ring_.size() - 1)];
  }

  bool merges(const stream_element& element) noexcept {
    return element.kind() == element_kind::watermark
           && back().kind() == element_kind::watermark;
  }

  void grow() {
    const std::size_t capacity =
      ring_.empty() ? first_capacity : 2 * ring_.size();
    std::vector<stream_element> larger(capacity);
    for (std::size_t i = 0; i < size_; ++i)
      larger[i] = std::move(ring_[(head_ + i) & (ring_.size() - 1)]);
    ring_ = std::move(larger);
    head_ = 0;
  }

  std::vector<stream_element> ring_; // size is a power of two, or 0
  std::size_t head_ = 0;
  std::size_t size_ = 0;
  std::size_t batches_ = 0;
  std::size_t bytes_ = 0;
};

} // namespace flow
