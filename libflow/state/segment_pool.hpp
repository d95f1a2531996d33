#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace flow {

/// Memory of the segments of keyed tables: blocks of a few sizes, aligned to
/// cache lines, recycled, so that tables that come and go (a table per window
/// slice) neither call the allocator nor fault pages in again.
/// Owner: shared by the tables of one subtask and their snapshots; memory goes
/// back to the system when the last of them ends.
/// Cost: an uncontended lock; a new slab (32 KiB, doubling to 2 MiB) once per
/// its size. A split or an emptied segment comes here, a record never does.
/// @thread any
class segment_pool {
public:
  static constexpr std::size_t alignment = 64;
  static constexpr std::size_t min_slab_bytes = std::size_t{32} << 10;
  static constexpr std::size_t max_slab_bytes = std::size_t{2} << 20;

  segment_pool() = default;
  segment_pool(const segment_pool&) = delete;
  segment_pool& operator=(const segment_pool&) = delete;
  ~segment_pool();

  /// Uninitialised bytes, aligned to `alignment`.
  /// @pre bytes is a multiple of `alignment`, not 0
  [[nodiscard]] void* take(std::size_t bytes);

  /// Gives a block back.
  /// @pre it came from take(bytes) of this pool
  void give(void* block, std::size_t bytes) noexcept;

  /// Bytes of blocks taken and not given back.
  [[nodiscard]] std::size_t bytes_in_use() const;

  /// Bytes held from the system.
  [[nodiscard]] std::size_t bytes_reserved() const;

private:
  struct free_block {
    free_block* next;
  };
  struct size_class {
    std::size_t bytes;
    free_block* first;
  };
  struct slab {
    std::byte* data;
    std::size_t bytes;
  };

  size_class& class_of(std::size_t bytes);
  void add_slab();

  mutable std::mutex mutex_;
  std::vector<size_class> classes_;
  std::vector<slab> slabs_;
  std::byte* next_ = nullptr;
  std::byte* end_ = nullptr;
  std::size_t in_use_ = 0;
  std::size_t reserved_ = 0;
};

} // namespace flow
