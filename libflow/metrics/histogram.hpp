#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace flow {

/// Buckets of a histogram: exact below 64, then 32 buckets per power of two,
/// so that a bucket is at most 1/32 of its values wide.
struct histogram_buckets {
  static constexpr int sub_bits = 5;
  static constexpr std::size_t sub_count = std::size_t{1} << sub_bits;
  static constexpr std::size_t count = (64 - sub_bits + 1) * sub_count;

  static std::size_t index_of(std::uint64_t value) noexcept;
  /// The largest value of a bucket.
  static std::uint64_t upper_bound(std::size_t index) noexcept;
};

/// What a histogram held at one moment: a value to merge, ship and ask.
/// Owner: whoever took it; no thread shares it.
class histogram_snapshot {
public:
  histogram_snapshot() : buckets_(histogram_buckets::count) {}

  void add(std::uint64_t value, std::uint64_t count = 1) noexcept;
  void merge(const histogram_snapshot& other) noexcept;

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  [[nodiscard]] std::uint64_t sum() const noexcept { return sum_; }
  [[nodiscard]] std::uint64_t max() const noexcept { return max_; }

  /// The smallest bucket bound that at least `fraction` of the values do not
  /// exceed, at most `max()`: never below the exact quantile, and at most 1/32
  /// above it. 0 when empty.
  /// @pre 0 <= fraction <= 1
  [[nodiscard]] std::uint64_t quantile(double fraction) const noexcept;

private:
  friend class histogram;

  std::vector<std::uint64_t> buckets_;
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t max_ = 0;
};

/// A distribution of values (latencies, sizes) in 15 KiB, whatever its range.
/// @thread add: the owner alone; snapshot: any, may lag behind
class histogram {
public:
  histogram() = default;
  histogram(const histogram&) = delete;
  histogram& operator=(const histogram&) = delete;

  /// Cost: three relaxed stores.
  void add(std::uint64_t value) noexcept;

  [[nodiscard]] histogram_snapshot snapshot() const;

private:
  std::array<std::atomic<std::uint64_t>, histogram_buckets::count> buckets_{};
  std::atomic<std::uint64_t> sum_{0};
  std::atomic<std::uint64_t> max_{0};
};

} // namespace flow
