#pragma once

#include <cstdint>
#include <string_view>

#include "libflow/core/timestamp.hpp"

namespace flow {

/// Reads -?[0-9]{1,18} at the front of [at, end). Returns the byte behind it
/// or nullptr; the caller checks what follows.
inline const char* read_csv_integer(const char* at, const char* end,
                                    std::int64_t& number) noexcept {
  auto negative = at != end && *at == '-';
  at += negative;
  const auto* first = at;
  std::int64_t value = 0;
  for (; at != end; ++at) {
    auto digit = static_cast<unsigned>(*at - '0');
    if (digit > 9)
      break;
    if (at - first == 18)
      return nullptr;
    value = value * 10 + digit;
  }
  number = negative ? -value : value;
  return at == first ? nullptr : at;
}

/// Bytes of a date, YYYY-MM-DDTHH:MM:SS.
inline constexpr std::size_t csv_datetime_bytes = 19;

/// Reads a date of exactly csv_datetime_bytes as UTC; false when it is none or
/// does not exist.
bool read_csv_datetime(const char* at, timestamp& time) noexcept;

} // namespace flow
