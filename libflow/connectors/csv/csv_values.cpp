#include "libflow/connectors/csv/csv_values.hpp"

#include <chrono>

namespace flow {

namespace {

/// Two digits as a number; more than 99 when they are none.
unsigned two_digits(const char* at) noexcept {
  auto tens = static_cast<unsigned>(at[0] - '0');
  auto ones = static_cast<unsigned>(at[1] - '0');
  return tens > 9 || ones > 9 ? 1000 : tens * 10 + ones;
}

} // namespace

bool read_csv_datetime(const char* at, timestamp& time) noexcept {
  if (at[4] != '-' || at[7] != '-' || at[10] != 'T' || at[13] != ':'
      || at[16] != ':')
    return false;
  auto century = two_digits(at);
  auto year = two_digits(at + 2);
  auto month = two_digits(at + 5);
  auto day = two_digits(at + 8);
  auto hour = two_digits(at + 11);
  auto minute = two_digits(at + 14);
  auto second = two_digits(at + 17);
  if (century > 99 || year > 99 || month > 99 || day > 99 || hour > 23
      || minute > 59 || second > 59)
    return false;
  std::chrono::year_month_day date{
    std::chrono::year{static_cast<int>(century * 100 + year)},
    std::chrono::month{month}, std::chrono::day{day}};
  if (!date.ok())
    return false;
  auto days = std::chrono::sys_days{date}.time_since_epoch().count();
  time =
    (std::int64_t{days} * 86'400 + hour * 3'600 + minute * 60 + second) * 1'000;
  return true;
}

} // namespace flow
