#include "actors/api/delivery_window.hpp"

#include <algorithm>

namespace flow {

delivery_window::delivery_window(std::uint32_t most)
  : most_(std::max(most, 1U)) {}

void delivery_window::set_waker(std::function<void()> waker) {
  const std::lock_guard guard{mutex_};
  waker_ = std::move(waker);
}

void delivery_window::given() {
  const std::lock_guard guard{mutex_};
  ++outstanding_;
}

void delivery_window::finish() {
  const std::lock_guard guard{mutex_};
  finishing_ = true;
}

bool delivery_window::full() const {
  const std::lock_guard guard{mutex_};
  return blocked();
}

expected<void> delivery_window::health() const {
  const std::lock_guard guard{mutex_};
  if (failure_)
    return *failure_;
  return {};
}

void delivery_window::acknowledged() {
  std::function<void()> wake;
  {
    const std::lock_guard guard{mutex_};
    const bool was_blocked = blocked();
    --outstanding_;
    if (!was_blocked || blocked())
      return;
    wake = waker_;
  }
  wake();
}

void delivery_window::fail(error why) {
  std::function<void()> wake;
  {
    const std::lock_guard guard{mutex_};
    failure_ = std::move(why);
    wake = waker_;
  }
  wake();
}

} // namespace flow
