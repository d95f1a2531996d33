#include "libflow/core/option_values.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <optional>
#include <system_error>
#include <utility>

#include "libflow/core/suggest.hpp"

namespace flow {

namespace {

error not_a(std::string_view text, std::string_view what) {
  std::string message = "'";
  message.append(text.substr(0, 80)).append("' is not ").append(what);
  return usage_error(std::move(message));
}

template <class Number>
std::optional<Number> whole(std::string_view text) {
  Number value{};
  const char* end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data(), end, value);
  if (code != std::errc{} || stop != end)
    return std::nullopt;
  return value;
}

std::string range_text(int_range range) {
  constexpr int_range all;
  if (range.most == all.most && range.least == all.least)
    return "an integer";
  if (range.most == all.most)
    return "an integer of at least " + std::to_string(range.least);
  return "an integer from " + std::to_string(range.least) + " to "
         + std::to_string(range.most);
}

} // namespace

error usage_error(std::string text) {
  return {error_code::invalid_argument, std::move(text)};
}

expected<std::int64_t> integer_value(std::string_view text, int_range range) {
  const auto value = whole<std::int64_t>(text);
  if (!value || *value < range.least || *value > range.most)
    return not_a(text, range_text(range));
  return *value;
}

expected<double> decimal_value(std::string_view text, double least) {
  const auto value = whole<double>(text);
  if (value && std::isfinite(*value) && *value >= least)
    return *value;
  std::array<char, 64> what{};
  std::snprintf(what.data(), what.size(), "a number of at least %g", least);
  return not_a(text, what.data());
}

expected<bool> bool_value(std::string_view text) {
  if (text == "true" || text == "false")
    return text == "true";
  return not_a(text, "true or false");
}

expected<std::size_t> choice_value(std::string_view text,
                                   std::span<const std::string_view> choices) {
  const auto same = [](char a, char b) {
    return a == (b == '_' ? '-' : std::tolower(static_cast<unsigned char>(b)));
  };
  const auto found =
    std::ranges::find_if(choices, [&](std::string_view choice) {
      return std::ranges::equal(choice, text, same);
    });
  if (found != choices.end())
    return static_cast<std::size_t>(found - choices.begin());
  std::string what = "one of";
  for (const std::string_view choice : choices)
    what.append(choice.data() == choices[0].data() ? " " : ", ").append(choice);
  return not_a(text, what.append(did_you_mean(text, choices)));
}

expected<host_port> host_port_value(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  constexpr std::string_view what = "HOST:PORT";
  if (colon == std::string_view::npos)
    return not_a(text, what);
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed)
    host = host.substr(1, host.size() - 2);
  const bool bare_v6 = !bracketed && host.find(':') != std::string_view::npos;
  const auto port = whole<std::uint16_t>(text.substr(colon + 1));
  if (!port || bare_v6 || (bracketed && host.empty()))
    return not_a(text, what);
  return host_port{std::string{host}, *port};
}

expected<std::string> hex32_value(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isxdigit(byte) == 0)
      break;
    result += static_cast<char>(std::tolower(byte));
  }
  if (result.size() != 32 || text.size() != 32)
    return not_a(text, "32 hexadecimal digits");
  return result;
}

} // namespace flow
