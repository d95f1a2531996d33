#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "libflow/core/assert.hpp"

namespace flow {

/// Key groups: the unit in which keyed state is stored and moved when the
/// parallelism changes. A group is a range of the hash's upper 32 bits, so a
/// subtask, which owns a contiguous range of groups, owns one range of hashes.
/// Pure functions; any thread.

inline constexpr std::uint32_t min_max_parallelism = 128;
inline constexpr std::uint32_t max_max_parallelism = 32768;

/// Groups first..last, both inclusive; first > last is the empty range.
struct key_group_range {
  std::uint32_t first = 0;
  std::uint32_t last = 0;

  [[nodiscard]] constexpr bool contains(std::uint32_t group) const noexcept {
    return first <= group && group <= last;
  }
  [[nodiscard]] constexpr std::uint32_t size() const noexcept {
    return first > last ? 0 : last - first + 1;
  }
  friend bool operator==(const key_group_range&,
                         const key_group_range&) = default;
};

/// Hashes first..last, both inclusive.
struct hash_range {
  std::uint64_t first = 0;
  std::uint64_t last = ~std::uint64_t{0};

  [[nodiscard]] constexpr bool contains(std::uint64_t hash) const noexcept {
    return first <= hash && hash <= last;
  }
  friend bool operator==(const hash_range&, const hash_range&) = default;
};

/// The group of a key's hash: 0 .. max_parallelism - 1.
[[nodiscard]] constexpr std::uint32_t
key_group_of(std::uint64_t hash, std::uint32_t max_parallelism) noexcept {
  return static_cast<std::uint32_t>(((hash >> 32) * max_parallelism) >> 32);
}

/// The groups of operator `index` of `parallelism`.
/// @pre index < parallelism <= max_parallelism
[[nodiscard]] constexpr key_group_range
range_of(std::uint32_t index, std::uint32_t parallelism,
         std::uint32_t max_parallelism) {
  FLOW_ASSERT(index < parallelism && parallelism <= max_parallelism,
              "operator index, parallelism, max parallelism out of order");
  const std::uint64_t i = index;
  const std::uint64_t p = parallelism;
  const std::uint64_t max = max_parallelism;
  return {static_cast<std::uint32_t>((i * max + p - 1) / p),
          static_cast<std::uint32_t>(((i + 1) * max - 1) / p)};
}

/// The operator that owns a group; the inverse of range_of.
[[nodiscard]] constexpr std::uint32_t
operator_of(std::uint32_t key_group, std::uint32_t parallelism,
            std::uint32_t max_parallelism) noexcept {
  return static_cast<std::uint32_t>(std::uint64_t{key_group} * parallelism
                                    / max_parallelism);
}

/// The hashes of a non-empty range of groups.
/// @pre groups.first <= groups.last < max_parallelism
[[nodiscard]] constexpr hash_range hashes_of(key_group_range groups,
                                             std::uint32_t max_parallelism) {
  FLOW_ASSERT(groups.first <= groups.last && groups.last < max_parallelism,
              "not a range of key groups");
  const std::uint64_t max = max_parallelism;
  auto begin = [max](std::uint64_t group) {
    return ((group << 32) + max - 1) / max; // of the upper 32 bits
  };
  return {begin(groups.first) << 32,
          (begin(std::uint64_t{groups.last} + 1) << 32) - 1};
}

/// Max parallelism of a job that does not say one: the next power of two of
/// 1.5 x parallelism, within its bounds.
[[nodiscard]] constexpr std::uint32_t
default_max_parallelism(std::uint32_t parallelism) noexcept {
  const std::uint64_t wanted =
    std::bit_ceil(std::uint64_t{parallelism} + parallelism / 2);
  return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(
    wanted, min_max_parallelism, max_max_parallelism));
}

} // namespace flow
