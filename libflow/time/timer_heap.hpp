#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "libflow/core/timestamp.hpp"

namespace flow {

/// Timers in the order of their times; equal times in the order of a number
/// that the owner gives (a hash of what the timer belongs to), so that the
/// order of firing does not depend on the order of registration.
///
/// A heap of four children a node, in which every timer knows its place: an
/// erased timer leaves nothing behind.
/// Owner: a timer queue. Cost: push, erase and pop are logarithmic; memory
/// about 28 bytes a timer, doubling as it grows (10 M timers are copied in
/// some 50 ms, once).
/// @thread one at a time
class timer_heap {
public:
  /// Names a timer from push() to erase(); used again afterwards.
  using handle = std::uint32_t;

  struct item {
    timestamp time = 0;
    std::uint64_t order = 0;
    handle id = 0;
  };

  handle push(timestamp time, std::uint64_t order);

  /// @pre the handle is in use
  void erase(handle id);

  /// The earliest timer. @pre !empty()
  [[nodiscard]] const item& front() const noexcept { return heap_.front(); }

  [[nodiscard]] bool empty() const noexcept { return heap_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return heap_.size(); }
  [[nodiscard]] std::size_t bytes() const noexcept {
    return heap_.capacity() * sizeof(item)
           + (places_.capacity() + free_.capacity()) * sizeof(std::uint32_t);
  }

private:
  void sift_up(std::size_t place, item moved) noexcept;
  void sift_down(std::size_t place, item moved) noexcept;
  void put(std::size_t place, const item& one) noexcept {
    heap_[place] = one;
    places_[one.id] = static_cast<std::uint32_t>(place);
  }

  std::vector<item> heap_;
  std::vector<std::uint32_t> places_; ///< in the heap, by handle
  std::vector<handle> free_;
};

} // namespace flow
