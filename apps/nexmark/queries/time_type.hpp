#pragma once

#include <cstdint>
#include <string_view>

#include "apps/nexmark/queries/calendar.hpp"

namespace nexmark {

/// Part of the day of a bid.
enum class time_type : std::uint8_t { day, night, other };

inline time_type type_of(flow::timestamp time) {
  const auto hour = hour_of(time);
  if (hour >= 8 && hour <= 18)
    return time_type::day;
  return hour <= 6 || hour >= 20 ? time_type::night : time_type::other;
}

constexpr std::string_view name_of(time_type type) {
  switch (type) {
  case time_type::day:
    return "dayTime";
  case time_type::night:
    return "nightTime";
  case time_type::other:
    return "otherTime";
  }
  return {};
}

} // namespace nexmark
