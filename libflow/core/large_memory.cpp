#include "libflow/core/large_memory.hpp"

#include <algorithm>
#include <cstdint>

#include <sys/mman.h>

namespace flow {

void release_pages(std::byte* begin, std::size_t bytes) noexcept {
  constexpr std::uintptr_t page = 4096;
  constexpr std::uintptr_t piece = std::uintptr_t{2} << 20; // well below 1 ms
  const auto address = reinterpret_cast<std::uintptr_t>(begin);
  const std::uintptr_t end = (address + bytes) / page * page;
  std::uintptr_t at = (address + page - 1) / page * page;
  // Advice: where it is not taken, the pages go when the memory is freed.
  for (; at < end; at += piece)
    (void)madvise(reinterpret_cast<void*>(at), std::min(piece, end - at),
                  MADV_DONTNEED);
}

} // namespace flow
