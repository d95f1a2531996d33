#pragma once

#include <optional>
#include <string_view>

namespace nexmark {

/// Whether the text is `lower` apart from the case of ASCII letters.
inline bool is_any_case_of(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size())
    return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c) != lower[i])
      return false;
  }
  return true;
}

/// The value of `channel_id=` at the start of the url or behind an ampersand,
/// up to the next one.
inline std::optional<std::string_view> parameter_of(std::string_view url) {
  constexpr std::string_view name = "channel_id=";
  for (std::size_t at = url.find(name); at != url.npos;
       at = url.find(name, at + 1)) {
    if (at != 0 && url[at - 1] != '&')
      continue;
    const std::size_t begin = at + name.size();
    return url.substr(begin, url.find('&', begin) - begin);
  }
  return std::nullopt;
}

/// The number of a channel: that of one of the four large ones, or the one in
/// the url.
inline std::optional<std::string_view> channel_id_of(std::string_view channel,
                                                     std::string_view url) {
  if (is_any_case_of(channel, "apple"))
    return "0";
  if (is_any_case_of(channel, "google"))
    return "1";
  if (is_any_case_of(channel, "facebook"))
    return "2";
  if (is_any_case_of(channel, "baidu"))
    return "3";
  return parameter_of(url);
}

} // namespace nexmark
