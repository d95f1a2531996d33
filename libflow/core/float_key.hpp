#pragma once

#include <bit>
#include <cmath>
#include <compare>
#include <cstdint>
#include <limits>

namespace flow {

/// A double that may be a key: -0 becomes 0 and every NaN the same one, so that
/// equal keys have equal bytes. Plain floating-point keys do not compile.
class float_key {
public:
  constexpr float_key() noexcept = default;
  float_key(double value) noexcept
    : value_(std::isnan(value) ? std::numeric_limits<double>::quiet_NaN()
                               : value + 0.0) {}

  [[nodiscard]] constexpr double value() const noexcept { return value_; }

  /// NaN equals itself.
  friend bool operator==(float_key a, float_key b) noexcept {
    return std::bit_cast<std::uint64_t>(a.value_)
           == std::bit_cast<std::uint64_t>(b.value_);
  }

  /// Numbers in their order, NaN behind them.
  friend std::strong_ordering operator<=>(float_key a, float_key b) noexcept {
    return std::strong_order(a.value_, b.value_);
  }

private:
  double value_ = 0;
};

} // namespace flow
