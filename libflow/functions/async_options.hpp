#pragma once

#include <cstddef>
#include <cstdint>

#include "libflow/core/timestamp.hpp"

namespace flow {

/// Which results may overtake which.
enum class async_order : std::uint8_t {
  ordered,   ///< none
  unordered, ///< any between two watermarks
};

/// How an asynchronous operator works.
struct async_options {
  /// Records at one time whose requests are on their way, or whose results
  /// wait for those of others to go first; further ones wait. > 0
  std::size_t capacity = 100;
  /// For all attempts of one record together; 0: none.
  duration_ms timeout{0};
  /// How often a request that failed is made, the first time included. > 0
  std::uint32_t attempts = 1;
  /// Between two attempts.
  duration_ms retry_delay{0};
};

} // namespace flow
