#include "libflow/core/arena.hpp"

#include <algorithm>
#include <utility>

namespace flow {

arena::arena(arena&& other) noexcept
  : next_(std::exchange(other.next_, nullptr)),
    end_(std::exchange(other.end_, nullptr)),
    bytes_(std::exchange(other.bytes_, 0)),
    capacity_(std::exchange(other.capacity_, 0)),
    next_chunk_bytes_(std::exchange(other.next_chunk_bytes_, min_chunk_bytes)),
    chunks_(std::exchange(other.chunks_, {})) {}

arena& arena::operator=(arena&& other) noexcept {
  if (this == &other)
    return *this;
  next_ = std::exchange(other.next_, nullptr);
  end_ = std::exchange(other.end_, nullptr);
  bytes_ = std::exchange(other.bytes_, 0);
  capacity_ = std::exchange(other.capacity_, 0);
  next_chunk_bytes_ = std::exchange(other.next_chunk_bytes_, min_chunk_bytes);
  chunks_ = std::exchange(other.chunks_, {});
  return *this;
}

void arena::clear() noexcept {
  bytes_ = 0;
  if (chunks_.empty())
    return;
  // Chunks of single large requests go back: keeping them would let one huge
  // record hold its memory for as long as the batch is reused.
  auto usable = [](const chunk& c) {
    return c.size <= max_chunk_bytes ? c.size : 0;
  };
  auto best = std::max_element(
    chunks_.begin(), chunks_.end(),
    [&](const chunk& a, const chunk& b) { return usable(a) < usable(b); });
  if (usable(*best) == 0) {
    chunks_.clear();
    next_ = end_ = nullptr;
    capacity_ = 0;
    return;
  }
  std::swap(chunks_.front(), *best);
  chunks_.resize(1);
  next_ = chunks_.front().data.get();
  end_ = next_ + chunks_.front().size;
  capacity_ = chunks_.front().size;
}

char* arena::allocate_from_new_chunk(std::size_t bytes) {
  bytes_ += bytes;
  // What is left of the current chunk stays in use when a large text passes.
  if (bytes > max_chunk_bytes / 4)
    return add_chunk(bytes);
  auto size = next_chunk_bytes_;
  while (size < bytes)
    size *= 2;
  next_chunk_bytes_ = std::min(size * 2, max_chunk_bytes);
  auto* data = add_chunk(size);
  next_ = data + bytes;
  end_ = data + size;
  return data;
}

char* arena::add_chunk(std::size_t size) {
  chunks_.push_back({std::make_unique_for_overwrite<char[]>(size), size});
  capacity_ += size;
  return chunks_.back().data.get();
}

} // namespace flow
