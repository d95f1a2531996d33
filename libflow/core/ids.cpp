#include "libflow/core/ids.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace flow {

namespace {

constexpr std::size_t digits_per_word = 16;

void append_hex(std::string& out, std::uint64_t word) {
  for (int shift = 60; shift >= 0; shift -= 4)
    out += "0123456789abcdef"[word >> shift & 15];
}

std::optional<std::uint64_t> parse_word(std::string_view hex) noexcept {
  std::uint64_t word = 0;
  for (const char c : hex) {
    int digit = 0;
    if (c >= '0' && c <= '9')
      digit = c - '0';
    else if (c >= 'a' && c <= 'f')
      digit = c - 'a' + 10;
    else if (c >= 'A' && c <= 'F')
      digit = c - 'A' + 10;
    else
      return std::nullopt;
    word = word << 4 | static_cast<std::uint64_t>(digit);
  }
  return word;
}

} // namespace

template <class Tag>
wide_id<Tag> wide_id<Tag>::from_name(std::string_view name) noexcept {
  const auto hash = XXH3_128bits(name.data(), name.size());
  return {hash.high64, hash.low64};
}

template <class Tag>
std::optional<wide_id<Tag>> wide_id<Tag>::parse(std::string_view hex) noexcept {
  if (hex.size() != 2 * digits_per_word)
    return std::nullopt;
  const auto high = parse_word(hex.substr(0, digits_per_word));
  const auto low = parse_word(hex.substr(digits_per_word));
  if (!high || !low)
    return std::nullopt;
  return wide_id{*high, *low};
}

template <class Tag>
std::string wide_id<Tag>::to_string() const {
  std::string result;
  result.reserve(2 * digits_per_word);
  append_hex(result, high_);
  append_hex(result, low_);
  return result;
}

template class wide_id<job_tag>;

} // namespace flow
