#pragma once

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "libflow/core/executor.hpp"

namespace flow {

/// A few threads that take work in the order it was given.
/// Owner: a composition root. Its end does what was given, then joins.
class background_threads final : public executor {
public:
  explicit background_threads(std::size_t count);
  background_threads(const background_threads&) = delete;
  background_threads& operator=(const background_threads&) = delete;
  ~background_threads() override;

  void run(std::function<void()> work) override;

private:
  void serve();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_; // of mutex_
  bool ending_ = false;                       // of mutex_
  std::vector<std::thread> threads_;
};

/// For work that would take every processor: half as many threads as there are.
[[nodiscard]] inline std::size_t encoder_threads() {
  return std::max(std::thread::hardware_concurrency() / 2, 1U);
}

} // namespace flow
