#include "libflow/time/timer_heap.hpp"

#include <algorithm>
#include <limits>

#include "libflow/core/assert.hpp"

namespace flow {

namespace {

constexpr std::size_t children = 4;

bool before(const timer_heap::item& a, const timer_heap::item& b) noexcept {
  return a.time != b.time ? a.time < b.time : a.order < b.order;
}

} // namespace

timer_heap::handle timer_heap::push(timestamp time, std::uint64_t order) {
  FLOW_ASSERT(heap_.size() < std::numeric_limits<std::uint32_t>::max(),
              "a subtask has less than 2^32 timers");
  handle id = 0;
  if (free_.empty()) {
    id = static_cast<handle>(places_.size());
    places_.push_back(0);
  } else {
    id = free_.back();
    free_.pop_back();
  }
  heap_.emplace_back();
  sift_up(heap_.size() - 1, {time, order, id});
  return id;
}

void timer_heap::erase(handle id) {
  const std::size_t place = places_[id];
  FLOW_ASSERT(place < heap_.size() && heap_[place].id == id,
              "only a timer that is there is erased");
  free_.push_back(id);
  const item last = heap_.back();
  heap_.pop_back();
  if (place == heap_.size())
    return;
  if (place > 0 && before(last, heap_[(place - 1) / children]))
    sift_up(place, last);
  else
    sift_down(place, last);
}

void timer_heap::sift_up(std::size_t place, item moved) noexcept {
  while (place > 0) {
    const std::size_t parent = (place - 1) / children;
    if (!before(moved, heap_[parent]))
      break;
    put(place, heap_[parent]);
    place = parent;
  }
  put(place, moved);
}

void timer_heap::sift_down(std::size_t place, item moved) noexcept {
  for (;;) {
    const std::size_t first = place * children + 1;
    if (first >= heap_.size())
      break;
    const std::size_t end = std::min(first + children, heap_.size());
    std::size_t least = first;
    for (std::size_t child = first + 1; child < end; ++child)
      if (before(heap_[child], heap_[least]))
        least = child;
    if (!before(heap_[least], moved))
      break;
    put(place, heap_[least]);
    place = least;
  }
  put(place, moved);
}

} // namespace flow
