#include "actors/support/background_threads.hpp"

#include <utility>

namespace flow {

background_threads::background_threads(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i)
    threads_.emplace_back([this] { serve(); });
}

background_threads::~background_threads() {
  {
    const std::lock_guard guard{mutex_};
    ending_ = true;
  }
  changed_.notify_all();
  for (auto& each : threads_)
    each.join();
}

void background_threads::run(std::function<void()> work) {
  {
    const std::lock_guard guard{mutex_};
    waiting_.push_back(std::move(work));
  }
  changed_.notify_one();
}

void background_threads::serve() {
  for (;;) {
    std::function<void()> work;
    {
      std::unique_lock lock{mutex_};
      changed_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
      if (waiting_.empty())
        return;
      work = std::move(waiting_.front());
      waiting_.pop_front();
    }
    work();
  }
}

} // namespace flow
