#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace nexmark {

/// Bids counted as a whole and in three ranks of prices.
struct rank_counts {
  std::int64_t total = 0;
  std::int64_t rank1 = 0; ///< below 10,000
  std::int64_t rank2 = 0;
  std::int64_t rank3 = 0; ///< from 1,000,000 on

  rank_counts& operator+=(const rank_counts& other) {
    total += other.total;
    rank1 += other.rank1;
    rank2 += other.rank2;
    rank3 += other.rank3;
    return *this;
  }
};

/// 0, 1 or 2.
[[nodiscard]] constexpr unsigned rank_of(std::int64_t price) noexcept {
  return price < 10'000 ? 0 : price < 1'000'000 ? 1 : 2;
}

[[nodiscard]] constexpr rank_counts count_of(std::int64_t price) noexcept {
  const unsigned rank = rank_of(price);
  return {1, rank == 0 ? 1 : 0, rank == 1 ? 1 : 0, rank == 2 ? 1 : 0};
}

/// A set of ranks: bit 0 to 2.
using rank_set = std::uint8_t;

/// What is counted anew when a set grows: distinct things as a whole (when it
/// was empty), and by rank.
[[nodiscard]] constexpr rank_counts added(rank_set before,
                                          rank_set after) noexcept {
  const auto fresh = static_cast<unsigned>(after & ~before);
  return {before == 0 && after != 0 ? 1 : 0, fresh & 1, fresh >> 1 & 1,
          fresh >> 2 & 1};
}

} // namespace nexmark
