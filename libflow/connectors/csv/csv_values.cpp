#include "libflow/connectors/csv/csv_values.hpp"

#include <algorithm>
#include <chrono>

namespace flow {

bool csv_datetime_reader::read_day(const char* at) noexcept {
  auto century = two_digits(at);
  auto year = two_digits(at + 2);
  auto month = two_digits(at + 5);
  auto day = two_digits(at + 8);
  if (at[4] != '-' || at[7] != '-' || century > 99 || year > 99 || month > 99
      || day > 99)
    return false;
  std::chrono::year_month_day date{
    std::chrono::year{static_cast<int>(century * 100 + year)},
    std::chrono::month{month}, std::chrono::day{day}};
  if (!date.ok())
    return false;
  auto days = std::chrono::sys_days{date}.time_since_epoch().count();
  day_begin_ = std::int64_t{days} * 86'400'000;
  std::copy_n(at, day_.size(), day_.begin());
  return true;
}

} // namespace flow
