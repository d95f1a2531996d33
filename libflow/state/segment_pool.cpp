#include "libflow/state/segment_pool.hpp"

#include <algorithm>
#include <new>

#include "libflow/core/assert.hpp"

namespace flow {

namespace {

// A block above this is not carved from a slab: too much of it would be lost
// at the slab's end.
constexpr std::size_t max_carved_bytes = segment_pool::max_slab_bytes / 16;

constexpr std::align_val_t system_alignment{segment_pool::alignment};

std::byte* system_take(std::size_t bytes) {
  return static_cast<std::byte*>(::operator new(bytes, system_alignment));
}

void system_give(void* block, std::size_t bytes) noexcept {
  ::operator delete(block, bytes, system_alignment);
}

} // namespace

segment_pool::~segment_pool() {
  for (const auto& one : slabs_)
    system_give(one.data, one.bytes);
}

void* segment_pool::take(std::size_t bytes) {
  FLOW_ASSERT(bytes != 0 && bytes % alignment == 0,
              "the size of a segment is a multiple of its alignment");
  std::lock_guard guard{mutex_};
  in_use_ += bytes;
  if (bytes > max_carved_bytes) {
    reserved_ += bytes;
    return system_take(bytes);
  }
  auto& blocks = class_of(bytes);
  if (blocks.first != nullptr) {
    free_block* result = blocks.first;
    blocks.first = result->next;
    // Whoever takes the next one reads where the one after it is.
    __builtin_prefetch(blocks.first);
    return result;
  }
  while (bytes > static_cast<std::size_t>(end_ - next_))
    add_slab();
  void* result = next_;
  next_ += bytes;
  return result;
}

void segment_pool::give(void* block, std::size_t bytes) noexcept {
  std::lock_guard guard{mutex_};
  in_use_ -= bytes;
  if (bytes > max_carved_bytes) {
    reserved_ -= bytes;
    system_give(block, bytes);
    return;
  }
  auto& blocks = class_of(bytes); // known since take(): allocates nothing
  blocks.first = new (block) free_block{blocks.first};
}

std::size_t segment_pool::bytes_in_use() const {
  std::lock_guard guard{mutex_};
  return in_use_;
}

std::size_t segment_pool::bytes_reserved() const {
  std::lock_guard guard{mutex_};
  return reserved_;
}

segment_pool::size_class& segment_pool::class_of(std::size_t bytes) {
  for (auto& known : classes_)
    if (known.bytes == bytes)
      return known;
  return classes_.emplace_back(size_class{bytes, nullptr});
}

void segment_pool::add_slab() {
  // Pages of a slab come from the system as segments first touch them: a large
  // page at once would stall the insert that needs it for milliseconds.
  const std::size_t bytes =
    slabs_.empty() ? min_slab_bytes
                   : std::min(slabs_.back().bytes * 2, max_slab_bytes);
  std::byte* data = system_take(bytes);
  slabs_.push_back({data, bytes});
  reserved_ += bytes;
  next_ = data;
  end_ = data + bytes;
}

} // namespace flow
