#include "libflow/core/codec.hpp"

namespace flow::detail {

std::string composed_schema(std::string_view name,
                            std::initializer_list<std::string> parts) {
  std::string result{name};
  result += name.empty() ? '{' : '<';
  for (const auto& part : parts) {
    if (&part != parts.begin())
      result += ',';
    result += part;
  }
  result += name.empty() ? '}' : '>';
  return result;
}

std::string number_schema(const char* letter, std::size_t bits) {
  return letter + std::to_string(bits);
}

std::string ratio_schema(std::intmax_t num, std::intmax_t den) {
  std::string result = std::to_string(num);
  result += '/';
  result += std::to_string(den);
  return result;
}

} // namespace flow::detail
