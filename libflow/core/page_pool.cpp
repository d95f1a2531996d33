#include "libflow/core/page_pool.hpp"

#include <array>
#include <new>

#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace flow {

namespace {

/// With its pages: filled one by one they would take as many faults.
std::byte* map_block() noexcept {
  void* const mapped =
    mmap(nullptr, page_pool::block_bytes, PROT_READ | PROT_WRITE,
         MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  return mapped == MAP_FAILED ? nullptr : static_cast<std::byte*>(mapped);
}

void unmap_block(std::byte* mapped) noexcept {
  munmap(mapped, page_pool::block_bytes);
}

/// Nobody may look into a block that waits.
void close_block([[maybe_unused]] std::byte* block) noexcept {
#if defined(__SANITIZE_ADDRESS__)
  __asan_poison_memory_region(block, page_pool::block_bytes);
#endif
}

void open_block([[maybe_unused]] std::byte* block) noexcept {
#if defined(__SANITIZE_ADDRESS__)
  __asan_unpoison_memory_region(block, page_pool::block_bytes);
#endif
}

} // namespace

page_pool::~page_pool() {
  for (auto* const each : waiting_) {
    open_block(each);
    unmap_block(each);
  }
}

page_pool::block page_pool::take() {
  {
    const std::lock_guard guard{mutex_};
    const std::size_t blocks = in_use_ + waiting_.size() + 1;
    if (waiting_.capacity() < blocks)
      waiting_.reserve(2 * blocks); // so that giving back cannot fail
    ++in_use_;
    if (!waiting_.empty()) {
      auto* const result = waiting_.back();
      waiting_.pop_back();
      open_block(result);
      return {result, giver{shared_from_this()}};
    }
  }
  auto* const fresh = map_block();
  if (fresh == nullptr) {
    const std::lock_guard guard{mutex_};
    --in_use_;
    throw std::bad_alloc{};
  }
  return {fresh, giver{shared_from_this()}};
}

void page_pool::give(std::byte* given) noexcept {
  // One less is in use and one more waits: at most two are too many.
  std::array<std::byte*, 2> surplus{};
  {
    const std::lock_guard guard{mutex_};
    --in_use_;
    close_block(given);
    waiting_.push_back(given);
    for (std::size_t i = 0; waiting_.size() > in_use_; ++i) {
      surplus.at(i) = waiting_.back();
      waiting_.pop_back();
    }
  }
  for (auto* const each : surplus)
    if (each != nullptr) {
      open_block(each);
      unmap_block(each);
    }
}

std::size_t page_pool::bytes_in_use() const {
  const std::lock_guard guard{mutex_};
  return in_use_ * block_bytes;
}

std::size_t page_pool::bytes_waiting() const {
  const std::lock_guard guard{mutex_};
  return waiting_.size() * block_bytes;
}

} // namespace flow
