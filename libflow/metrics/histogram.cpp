#include "libflow/metrics/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "libflow/core/assert.hpp"

namespace flow {

std::size_t histogram_buckets::index_of(std::uint64_t value) noexcept {
  if (value < sub_count)
    return static_cast<std::size_t>(value);
  const int shift = std::numeric_limits<std::uint64_t>::digits - 1
                    - std::countl_zero(value) - sub_bits;
  const auto octave = static_cast<std::size_t>(shift) + 1;
  return octave * sub_count
         + static_cast<std::size_t>((value >> shift) - sub_count);
}

std::uint64_t histogram_buckets::upper_bound(std::size_t index) noexcept {
  if (index < 2 * sub_count)
    return index;
  const std::size_t shift = index / sub_count - 1;
  const std::uint64_t lower = (index % sub_count + sub_count) << shift;
  return lower + ((std::uint64_t{1} << shift) - 1);
}

void histogram_snapshot::add(std::uint64_t value,
                             std::uint64_t count) noexcept {
  buckets_[histogram_buckets::index_of(value)] += count;
  count_ += count;
  sum_ += value * count;
  max_ = std::max(max_, value);
}

void histogram_snapshot::merge(const histogram_snapshot& other) noexcept {
  for (std::size_t i = 0; i < buckets_.size(); ++i)
    buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  sum_ += other.sum_;
  max_ = std::max(max_, other.max_);
}

std::uint64_t histogram_snapshot::quantile(double fraction) const noexcept {
  FLOW_ASSERT(fraction >= 0 && fraction <= 1, "a quantile is in 0..1");
  if (count_ == 0)
    return 0;
  const double wanted = std::ceil(fraction * static_cast<double>(count_));
  const auto rank =
    std::clamp<std::uint64_t>(static_cast<std::uint64_t>(wanted), 1, count_);
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen >= rank)
      return std::min(histogram_buckets::upper_bound(i), max_);
  }
  return max_;
}

void histogram::add(std::uint64_t value) noexcept {
  constexpr auto relaxed = std::memory_order_relaxed;
  auto& bucket = buckets_[histogram_buckets::index_of(value)];
  bucket.store(bucket.load(relaxed) + 1, relaxed);
  sum_.store(sum_.load(relaxed) + value, relaxed);
  if (value > max_.load(relaxed))
    max_.store(value, relaxed);
}

histogram_snapshot histogram::snapshot() const {
  constexpr auto relaxed = std::memory_order_relaxed;
  histogram_snapshot result;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    result.buckets_[i] = buckets_[i].load(relaxed);
    result.count_ += result.buckets_[i];
  }
  result.sum_ = sum_.load(relaxed);
  result.max_ = max_.load(relaxed);
  return result;
}

} // namespace flow
