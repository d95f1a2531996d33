#pragma once

#include <cstdint>
#include <stdexcept>

namespace nexmark {

/// Adds to a sum; one beyond 64 bits throws rather than being wrong.
inline void add_to(std::int64_t& sum, std::int64_t value) {
  if (__builtin_add_overflow(sum, value, &sum)) [[unlikely]]
    throw std::overflow_error{"a sum of prices is beyond 64 bits"};
}

} // namespace nexmark
