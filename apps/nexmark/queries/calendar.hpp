#pragma once

#include <cstdint>
#include <string>

#include "libflow/flow.hpp"

namespace nexmark {

// Days, hours and minutes of UTC.

inline constexpr flow::timestamp ms_per_minute = 60'000;
inline constexpr flow::timestamp ms_per_day = 1440 * ms_per_minute;

/// Days since 1970-01-01, before it negative.
[[nodiscard]] constexpr std::int64_t day_of(flow::timestamp time) noexcept {
  const auto days = time / ms_per_day;
  return time % ms_per_day < 0 ? days - 1 : days;
}

/// Minute of the day, 0 to 1439.
[[nodiscard]] constexpr std::int64_t minute_of(flow::timestamp time) noexcept {
  return (time - day_of(time) * ms_per_day) / ms_per_minute;
}

/// Hour of the day, 0 to 23.
[[nodiscard]] constexpr std::int64_t hour_of(flow::timestamp time) noexcept {
  return minute_of(time) / 60;
}

/// YYYY-MM-DD
[[nodiscard]] std::string date_text(std::int64_t day);

/// HH:MM
[[nodiscard]] std::string minute_text(std::int64_t minute);

} // namespace nexmark
