#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "libflow/core/error.hpp"
#include "libflow/core/timestamp.hpp"

// Durations, sizes and points in time as texts. Pure functions, any thread.

namespace flow {

/// Digits and one of `ms s min m h d` (`m` is minutes); without a unit
/// milliseconds. Errors name the text: a sign, a fraction, an unknown unit, or
/// more than 2^63 - 1 ms.
[[nodiscard]] expected<duration_ms> parse_duration(std::string_view input);

/// The number with the largest unit that leaves no rest, such as `90s`, `10min`
/// or `0ms`; parse_duration reads it back.
/// @pre not negative
[[nodiscard]] std::string format_duration(duration_ms value);

/// Digits and one of `B KiB MiB GiB`; without a unit bytes. Errors as above,
/// beyond 2^64 - 1 bytes.
[[nodiscard]] expected<std::uint64_t> parse_size(std::string_view input);

/// The number with the largest unit that leaves no rest, such as `64KiB`;
/// parse_size reads it back.
[[nodiscard]] std::string format_size(std::uint64_t bytes);

/// Milliseconds since the epoch of `YYYY-MM-DDTHH:MM:SS`, read as UTC, years
/// 0000 to 9999 of the Gregorian calendar; nullopt for any other form and for
/// dates and times that do not exist (30 February, hour 24, second 60).
/// Allocates nothing.
[[nodiscard]] std::optional<timestamp>
parse_datetime(std::string_view input) noexcept;

/// Appends `YYYY-MM-DDTHH:MM:SS[.mmm]Z`, milliseconds only where they are not
/// zero. Years outside 0000 to 9999 are written with a sign and all their
/// digits, so that the order of years stays readable.
void append_iso8601(std::string& out, timestamp time);

[[nodiscard]] std::string format_iso8601(timestamp time);

} // namespace flow
