#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
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

/// Reads dates as UTC. Remembers the last day: most rows have the day of the
/// one before.
/// Owner: one reader.
/// @thread its owner's
class csv_datetime_reader {
public:
  /// Reads exactly csv_datetime_bytes; false when they are no date or one that
  /// does not exist.
  bool read(const char* at, timestamp& time) noexcept {
    if (std::memcmp(at, day_.data(), day_.size()) != 0 && !read_day(at))
      [[unlikely]]
      return false;
    auto hour = two_digits(at + 11);
    auto minute = two_digits(at + 14);
    auto second = two_digits(at + 17);
    time =
      day_begin_ + std::int64_t{(hour * 60 + minute) * 60 + second} * 1'000;
    return (hour < 24) & (minute < 60) & (second < 60) & (at[10] == 'T')
           & (at[13] == ':') & (at[16] == ':');
  }

private:
  /// Two digits as a number; 1000 when they are none.
  static unsigned two_digits(const char* at) noexcept {
    auto tens = static_cast<unsigned>(at[0] - '0');
    auto ones = static_cast<unsigned>(at[1] - '0');
    return tens > 9 || ones > 9 ? 1000 : tens * 10 + ones;
  }

  bool read_day(const char* at) noexcept;

  std::array<char, 10> day_{}; ///< YYYY-MM-DD, or NULs before the first
  timestamp day_begin_ = 0;
};

} // namespace flow
