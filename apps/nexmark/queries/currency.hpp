#pragma once

#include <cstdint>
#include <stdexcept>

namespace nexmark {

/// Decimal places of a price in euros.
inline constexpr unsigned euro_places = 3;

/// 0.908 of a price, in thousandths.
[[nodiscard]] inline std::int64_t to_euro(std::int64_t price) {
  std::int64_t result = 0;
  if (__builtin_mul_overflow(price, 908, &result)) [[unlikely]]
    throw std::overflow_error{"a price in euros is beyond 64 bits"};
  return result;
}

} // namespace nexmark
