#pragma once

#include <cstdint>
#include <utility>

#include "tools/bench/tape.hpp"

namespace flow::bench {

/// Calls f.template operator()<Record>() for the record of a size.
/// @pre bytes is 16, 64 or 4096
template <class F>
auto with_record_size(std::uint32_t bytes, F&& f) {
  switch (bytes) {
  case 64:
    return std::forward<F>(f).template operator()<record<64>>();
  case 4096:
    return std::forward<F>(f).template operator()<record<4096>>();
  default:
    return std::forward<F>(f).template operator()<record<16>>();
  }
}

} // namespace flow::bench
