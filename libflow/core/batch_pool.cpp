#include "libflow/core/batch_pool.hpp"

#include "libflow/core/batch.hpp"
#include "libflow/core/limits.hpp"

namespace flow {

batch_pool::batch_pool() {
  free_.reserve(limits::pooled_batches_per_type);
}

batch_pool::~batch_pool() {
  for (auto* pooled : free_)
    delete pooled;
}

batch* batch_pool::take() {
  const std::lock_guard guard{mutex_};
  if (free_.empty())
    return nullptr;
  auto* result = free_.back();
  free_.pop_back();
  return result;
}

bool batch_pool::give(batch& disposed) noexcept {
  const std::lock_guard guard{mutex_};
  if (free_.size() >= limits::pooled_batches_per_type)
    return false;
  free_.push_back(&disposed);
  return true;
}

} // namespace flow
