#pragma once

#include <string>
#include <string_view>

namespace flow {

/// The type as the compiler prints it, for messages; not stable between
/// compilers, so never stored.
template <class T>
[[nodiscard]] std::string type_name() {
  const std::string_view whole = __PRETTY_FUNCTION__;
  const auto begin = whole.find("T = ") + 4;
  const auto end = whole.find_first_of(";]", begin);
  return std::string{whole.substr(begin, end - begin)};
}

} // namespace flow
