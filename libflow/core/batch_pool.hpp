#pragma once

#include <mutex>
#include <vector>

namespace flow {

class batch;

/// Batches of one type that wait for their next use, newest first (warm). At
/// most limits::pooled_batches_per_type. @thread any
class batch_pool {
public:
  batch_pool();
  ~batch_pool();
  batch_pool(const batch_pool&) = delete;
  batch_pool& operator=(const batch_pool&) = delete;

  /// Null when none waits; else the caller owns it.
  [[nodiscard]] batch* take();

  /// Takes an empty batch over, unless the pool is full.
  [[nodiscard]] bool give(batch& disposed) noexcept;

private:
  std::mutex mutex_;
  std::vector<batch*> free_; // owned; guarded by mutex_
};

} // namespace flow
