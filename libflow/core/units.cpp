#include "libflow/core/units.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <limits>
#include <span>

namespace flow {

namespace {

struct unit {
  std::string_view name;
  std::uint64_t factor;
};

// Smallest first; of two names for one factor the first is the one written.
constexpr std::array duration_units{
  unit{"ms", 1},     unit{"s", 1'000},     unit{"min", 60'000},
  unit{"m", 60'000}, unit{"h", 3'600'000}, unit{"d", 86'400'000},
};

constexpr std::array size_units{
  unit{"B", 1},
  unit{"KiB", std::uint64_t{1} << 10},
  unit{"MiB", std::uint64_t{1} << 20},
  unit{"GiB", std::uint64_t{1} << 30},
};

constexpr std::int64_t ms_per_day = 86'400'000;

error refused(std::string_view what, std::string_view input,
              std::string_view why) {
  return {error_code::invalid_argument,
          std::string{what} + " '" + std::string{input}
            + "': " + std::string{why},
          error_severity::fatal};
}

std::string unit_names(std::span<const unit> units) {
  std::string names;
  for (const auto& u : units)
    names += (names.empty() ? "" : " ") + std::string{u.name};
  return names;
}

const unit* find_unit(std::span<const unit> units, std::string_view name) {
  if (name.empty())
    return &units.front();
  for (const auto& u : units)
    if (u.name == name)
      return &u;
  return nullptr;
}

expected<std::uint64_t> parse_with_unit(std::string_view what,
                                        std::string_view input,
                                        std::span<const unit> units,
                                        std::uint64_t max) {
  std::uint64_t number = 0;
  const auto* end = input.data() + input.size();
  const auto [rest, code] = std::from_chars(input.data(), end, number);
  const auto* wanted =
    find_unit(units, {rest, static_cast<std::size_t>(end - rest)});
  if (code == std::errc::invalid_argument || wanted == nullptr)
    return refused(what, input,
                   "digits and one of " + unit_names(units) + " are allowed");
  std::uint64_t result = 0;
  if (code == std::errc::result_out_of_range
      || __builtin_mul_overflow(number, wanted->factor, &result)
      || result > max)
    return refused(what, input,
                   "at most " + std::to_string(max)
                     + std::string{units.front().name} + " are allowed");
  return result;
}

std::string format_with_unit(std::uint64_t value, std::span<const unit> units) {
  const unit* best = &units.front();
  for (const auto& u : units)
    if (value != 0 && value % u.factor == 0 && u.factor > best->factor)
      best = &u;
  return std::to_string(value / best->factor) + std::string{best->name};
}

/// Digits only; -1 if there are others.
int parse_digits(std::string_view digits) noexcept {
  int number = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9')
      return -1;
    number = number * 10 + (c - '0');
  }
  return number;
}

/// Writes the last `count` digits of a number.
char* put_digits(char* to, unsigned number, int count) noexcept {
  for (int i = count - 1; i >= 0; --i) {
    to[i] = static_cast<char>('0' + number % 10);
    number /= 10;
  }
  return to + count;
}

/// Writes a calendar year; ones of other than four digits with a sign.
char* put_year(char* to, char* end, std::int64_t year) noexcept {
  if (year >= 0 && year <= 9999)
    return put_digits(to, static_cast<unsigned>(year), 4);
  *to++ = year < 0 ? '-' : '+';
  return std::to_chars(to, end, year < 0 ? -year : year).ptr;
}

} // namespace

expected<duration_ms> parse_duration(std::string_view input) {
  constexpr auto max =
    static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  const auto ms = parse_with_unit("duration", input, duration_units, max);
  if (!ms)
    return ms.error();
  return duration_ms{static_cast<std::int64_t>(*ms)};
}

std::string format_duration(duration_ms value) {
  FLOW_ASSERT(value.count() >= 0, "a duration is not negative");
  return format_with_unit(static_cast<std::uint64_t>(value.count()),
                          duration_units);
}

expected<std::uint64_t> parse_size(std::string_view input) {
  return parse_with_unit("size", input, size_units,
                         std::numeric_limits<std::uint64_t>::max());
}

std::string format_size(std::uint64_t bytes) {
  return format_with_unit(bytes, size_units);
}

std::optional<timestamp> parse_datetime(std::string_view input) noexcept {
  namespace chrono = std::chrono;
  if (input.size() != 19 || input[4] != '-' || input[7] != '-'
      || input[10] != 'T' || input[13] != ':' || input[16] != ':')
    return std::nullopt;
  const int year = parse_digits(input.substr(0, 4));
  const int month = parse_digits(input.substr(5, 2));
  const int day = parse_digits(input.substr(8, 2));
  const int hour = parse_digits(input.substr(11, 2));
  const int minute = parse_digits(input.substr(14, 2));
  const int second = parse_digits(input.substr(17, 2));
  if (year < 0 || month < 0 || day < 0 || hour < 0 || hour > 23 || minute < 0
      || minute > 59 || second < 0 || second > 59)
    return std::nullopt;
  const chrono::year_month_day date{chrono::year{year},
                                    chrono::month{static_cast<unsigned>(month)},
                                    chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok())
    return std::nullopt;
  const std::int64_t days = chrono::sys_days{date}.time_since_epoch().count();
  return days * ms_per_day
         + ((hour * 60 + minute) * 60 + second) * std::int64_t{1000};
}

void append_iso8601(std::string& out, timestamp time) {
  namespace chrono = std::chrono;
  // The calendar repeats every 400 years, and std::chrono's years end long
  // before a timestamp's.
  constexpr std::int64_t days_per_cycle = 146'097;
  const auto days = time / ms_per_day - (time % ms_per_day < 0 ? 1 : 0);
  const auto cycle =
    days / days_per_cycle - (days % days_per_cycle < 0 ? 1 : 0);
  const chrono::year_month_day date{chrono::sys_days{
    chrono::days{static_cast<int>(days - cycle * days_per_cycle)}}};
  const auto year = static_cast<int>(date.year()) + cycle * 400;
  const auto ms = static_cast<unsigned>(time - days * ms_per_day);

  std::array<char, 48> buffer;
  auto* end = buffer.data() + buffer.size();
  auto* next = put_year(buffer.data(), end, year);
  auto put = [&](char separator, unsigned number, int digits) {
    *next++ = separator;
    next = put_digits(next, number, digits);
  };
  put('-', static_cast<unsigned>(date.month()), 2);
  put('-', static_cast<unsigned>(date.day()), 2);
  put('T', ms / 3'600'000, 2);
  put(':', ms / 60'000 % 60, 2);
  put(':', ms / 1000 % 60, 2);
  if (ms % 1000 != 0)
    put('.', ms % 1000, 3);
  *next++ = 'Z';
  out.append(buffer.data(), next);
}

std::string format_iso8601(timestamp time) {
  std::string result;
  append_iso8601(result, time);
  return result;
}

} // namespace flow
