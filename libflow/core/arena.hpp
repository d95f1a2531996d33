#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace flow {

/// Bytes of the long texts of one batch: they are handed out one after the
/// other and all given back together.
/// Owner: the batch; texts that borrow from an arena must not outlive it.
/// An arena without texts has allocated nothing. Chunks grow from 1 KiB to
/// 64 KiB; a request over a quarter of that has a chunk of its own.
/// @thread one at a time
class arena {
public:
  static constexpr std::size_t min_chunk_bytes = std::size_t{1} << 10;
  static constexpr std::size_t max_chunk_bytes = std::size_t{1} << 16;

  arena() = default;
  arena(arena&& other) noexcept;
  arena& operator=(arena&& other) noexcept;
  ~arena() = default;

  /// Uninitialised bytes without alignment, valid until clear() or the end of
  /// the arena; moving the arena leaves them in place.
  [[nodiscard]] char* allocate(std::size_t bytes) {
    if (bytes > static_cast<std::size_t>(end_ - next_)) [[unlikely]]
      return allocate_from_new_chunk(bytes);
    char* result = next_;
    next_ += bytes;
    bytes_ += bytes;
    return result;
  }

  /// Ends the life of everything allocated. Keeps the largest chunk of at most
  /// max_chunk_bytes for reuse.
  void clear() noexcept;

  /// Bytes handed out since the last clear().
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

  /// Bytes held from the heap; at least bytes().
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

private:
  struct chunk {
    std::unique_ptr<char[]> data;
    std::size_t size = 0;
  };

  char* allocate_from_new_chunk(std::size_t bytes);
  char* add_chunk(std::size_t size);

  char* next_ = nullptr;
  char* end_ = nullptr;
  std::size_t bytes_ = 0;
  std::size_t capacity_ = 0;
  std::size_t next_chunk_bytes_ = min_chunk_bytes;
  std::vector<chunk> chunks_;
};

namespace detail {

/// Where copies of long texts go on this thread; nullptr: to the heap.
inline constinit thread_local arena* current_arena = nullptr;

} // namespace detail

/// While it lives, texts made on this thread put their long bytes into the
/// given arena and borrow them (nullptr: own them). Scopes nest; the end of one
/// restores the former.
/// Opened by engine code around the appending of records to a batch, never
/// around user code: a text that user code keeps has to own its bytes.
class [[nodiscard]] arena_scope {
public:
  explicit arena_scope(arena* target) noexcept
    : former_(detail::current_arena) {
    detail::current_arena = target;
  }
  arena_scope(const arena_scope&) = delete;
  arena_scope& operator=(const arena_scope&) = delete;
  ~arena_scope() { detail::current_arena = former_; }

private:
  arena* former_;
};

} // namespace flow
