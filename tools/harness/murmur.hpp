#pragma once

#include <bit>
#include <cstdint>
#include <limits>

#include "tools/harness/value.hpp"

namespace flow::harness {

/// Key groups as engines that hash by Java's hashCode have them, for cases
/// that ask for their numbers. libflow's own are in core/key_group.hpp: only
/// ranges and routing agree.
[[nodiscard]] inline std::uint32_t java_hash(const value& key) {
  if (key.is_text()) {
    std::uint32_t hash = 0;
    for (const char letter : key.as_text())
      hash = hash * 31 + static_cast<unsigned char>(letter);
    return hash;
  }
  const auto number = key.as_int();
  if (number >= std::numeric_limits<std::int32_t>::min()
      && number <= std::numeric_limits<std::int32_t>::max())
    return static_cast<std::uint32_t>(number);
  const auto bits = static_cast<std::uint64_t>(number);
  return static_cast<std::uint32_t>(bits ^ (bits >> 32));
}

[[nodiscard]] inline std::uint32_t murmur(std::uint32_t hash) {
  hash = std::rotl(hash * 0xcc9e2d51U, 15) * 0x1b873593U;
  hash = std::rotl(hash, 13) * 5 + 0xe6546b64U;
  hash ^= 4;
  hash = (hash ^ (hash >> 16)) * 0x85ebca6bU;
  hash = (hash ^ (hash >> 13)) * 0xc2b2ae35U;
  hash ^= hash >> 16;
  const auto result = static_cast<std::int32_t>(hash);
  if (result >= 0)
    return hash;
  return result == std::numeric_limits<std::int32_t>::min() ? 0 : -hash;
}

[[nodiscard]] inline std::uint32_t
murmur_key_group(const value& key, std::uint32_t max_parallelism) {
  return murmur(java_hash(key)) % max_parallelism;
}

} // namespace flow::harness
