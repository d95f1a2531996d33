#include "libflow/core/hash.hpp"

namespace flow::detail {

std::uint64_t hash_many_bytes(const void* data, std::size_t size) noexcept {
  return XXH3_64bits(data, size);
}

} // namespace flow::detail
