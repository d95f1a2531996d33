#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include "libflow/core/error.hpp"

namespace flow {

// Values of options and configuration keys; durations and sizes are in
// core/units.hpp. The text of an error follows "--name: ". Pure functions, any
// thread.

struct int_range {
  std::int64_t least = std::numeric_limits<std::int64_t>::min();
  std::int64_t most = std::numeric_limits<std::int64_t>::max();
};

struct host_port {
  std::string host; ///< without the brackets of an IPv6 address
  std::uint16_t port = 0;

  friend bool operator==(const host_port&, const host_port&) = default;
};

/// What the user wrote cannot be used.
[[nodiscard]] error usage_error(std::string text);

/// Decimal digits with an optional minus, within the range.
expected<std::int64_t> integer_value(std::string_view text, int_range range);

/// A finite decimal number that is at least `least`.
expected<double> decimal_value(std::string_view text, double least);

/// `true` or `false`.
expected<bool> bool_value(std::string_view text);

/// The index of the choice that `text` is; choices are in lower case, and
/// `EXACTLY_ONCE` stands for `exactly-once`.
expected<std::size_t> choice_value(std::string_view text,
                                   std::span<const std::string_view> choices);

/// HOST:PORT, [V6]:PORT or :PORT (all interfaces), port 0 to 65535.
expected<host_port> host_port_value(std::string_view text);

/// 32 hexadecimal digits, made lower-case.
expected<std::string> hex32_value(std::string_view text);

} // namespace flow
