#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "apps/unique_visitors/event.hpp"

namespace unique_visitors {

/// Aggregate functions that count different users. All merge; their
/// accumulators are empty until the first record.

/// A HyperLogLog of 2^16 registers: standard error 0.41 %. The estimate is
/// Ertl's ("New cardinality estimation algorithms for HyperLogLog sketches",
/// 2017), which needs no correction at either end.
struct hyper_log_log {
  struct accumulator {
    std::vector<std::uint8_t> registers;
  };

  static constexpr unsigned index_bits = 16;
  static constexpr std::size_t registers = std::size_t{1} << index_bits;
  static constexpr unsigned most = 64 - index_bits; // zeros counted

  [[nodiscard]] static std::size_t bytes() noexcept { return registers; }

  void add(accumulator& acc, const visit& each) const {
    acc.registers.resize(registers);
    const std::uint64_t hash = flow::key_hash(each.user);
    auto& kept = acc.registers[hash >> most];
    const auto rank = static_cast<std::uint8_t>(
      std::min<int>(std::countl_zero(hash << index_bits), most) + 1);
    kept = std::max(kept, rank);
  }

  void merge(accumulator& acc, const accumulator& other) const {
    acc.registers.resize(registers);
    for (std::size_t i = 0; i < other.registers.size(); ++i)
      acc.registers[i] = std::max(acc.registers[i], other.registers[i]);
  }

  [[nodiscard]] std::int64_t result(const accumulator& acc) const {
    std::vector<double> of_rank(most + 2, 0);
    for (const auto each : acc.registers)
      ++of_rank[each];
    const double m = registers;
    double sum = m * tau(1 - of_rank[most + 1] / m);
    for (unsigned k = most; k >= 1; --k)
      sum = 0.5 * (sum + of_rank[k]);
    sum += m * sigma(of_rank[0] / m);
    return std::llround(m * m / (2 * std::log(2.0) * sum));
  }

private:
  static double sigma(double x) {
    if (x == 1)
      return HUGE_VAL;
    double y = 1;
    double z = x;
    for (double before = -1; z != before;) {
      before = z;
      x *= x;
      z += x * y;
      y += y;
    }
    return z;
  }
  static double tau(double x) {
    if (x == 0 || x == 1)
      return 0;
    double y = 1;
    double z = 1 - x;
    for (double before = -1; z != before;) {
      before = z;
      x = std::sqrt(x);
      y *= 0.5;
      z -= (1 - x) * (1 - x) * y;
    }
    return z / 3;
  }
};

/// A Bloom filter with four bits a user; the number of users follows from how
/// many bits are set.
struct bloom_filter {
  struct accumulator {
    std::vector<std::uint64_t> words;
  };

  static constexpr std::uint64_t bits_per_user = 4;
  static constexpr std::uint64_t least_bits = 1 << 17;
  static constexpr double hashes = 2;

  std::uint64_t bits = least_bits; ///< a power of two

  [[nodiscard]] static bloom_filter for_users(std::uint64_t users) {
    return {std::bit_ceil(std::max(least_bits, bits_per_user * users))};
  }
  [[nodiscard]] std::size_t bytes() const noexcept { return bits / 8; }

  void add(accumulator& acc, const visit& each) const {
    acc.words.resize(bits / 64);
    const std::uint64_t hash = flow::key_hash(each.user);
    set(acc, hash);
    set(acc, splitmix64(hash));
  }

  void merge(accumulator& acc, const accumulator& other) const {
    acc.words.resize(bits / 64);
    for (std::size_t i = 0; i < other.words.size(); ++i)
      acc.words[i] |= other.words[i];
  }

  [[nodiscard]] std::int64_t result(const accumulator& acc) const {
    std::uint64_t set_bits = 0;
    for (const std::uint64_t word : acc.words)
      set_bits += static_cast<std::uint64_t>(std::popcount(word));
    const auto m = static_cast<double>(bits);
    // All bits set: no more can be told.
    const double filled = std::min(static_cast<double>(set_bits), m - 1) / m;
    return std::llround(-m / hashes * std::log1p(-filled));
  }

private:
  void set(accumulator& acc, std::uint64_t hash) const {
    const std::uint64_t bit = hash & (bits - 1);
    acc.words[bit / 64] |= std::uint64_t{1} << (bit % 64);
  }
};

/// The number itself: users, each with the number of slices it is in, so that a
/// slice that leaves the window can be taken off.
struct exact_count {
  struct accumulator {
    std::unordered_map<std::uint64_t, std::uint32_t> users;
  };

  void add(accumulator& acc, const visit& each) const {
    acc.users.try_emplace(each.user, 1);
  }
  void merge(accumulator& acc, const accumulator& other) const {
    for (const auto& [user, slices] : other.users)
      acc.users[user] += slices;
  }
  void retract(accumulator& acc, const accumulator& other) const {
    for (const auto& [user, slices] : other.users) {
      const auto found = acc.users.find(user);
      if ((found->second -= slices) == 0)
        acc.users.erase(found);
    }
  }
  [[nodiscard]] std::int64_t result(const accumulator& acc) const {
    return static_cast<std::int64_t>(acc.users.size());
  }
};

} // namespace unique_visitors
