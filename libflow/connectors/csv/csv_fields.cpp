#include "libflow/connectors/csv/csv_fields.hpp"

#include <algorithm>

namespace flow {

bool csv_row_splitter::split(std::string_view line) {
  cells_.clear();
  unquoted_.clear();
  // Views into it stay valid: it never holds more than the line.
  unquoted_.reserve(line.size());
  for (std::size_t at = 0;;) {
    if (at < line.size() && line[at] == '"') {
      if (!take_quoted(line, at))
        return false;
    } else {
      auto end = std::min(line.find_first_of(",\"", at), line.size());
      if (end != line.size() && line[end] == '"') {
        problem_ = {end + 1, "a quote inside a field without quotes"};
        return false;
      }
      cells_.push_back({line.substr(at, end - at), at + 1});
      at = end;
    }
    if (at == line.size())
      return true;
    ++at; // the comma
  }
}

bool csv_row_splitter::take_quoted(std::string_view line, std::size_t& at) {
  auto begin = at++;
  auto first = unquoted_.size();
  for (;;) {
    auto quote = line.find('"', at);
    if (quote == std::string_view::npos) {
      problem_ = {begin + 1, "the quoted field is not closed in its line"};
      return false;
    }
    unquoted_.append(line, at, quote - at);
    at = quote + 1;
    if (at == line.size() || line[at] != '"')
      break;
    unquoted_.push_back('"');
    ++at;
  }
  if (at != line.size() && line[at] != ',') {
    problem_ = {at + 1, "text after the closing quote of a field"};
    return false;
  }
  cells_.push_back({std::string_view{unquoted_}.substr(first), begin + 1});
  return true;
}

namespace {

/// Bytes of the well-formed UTF-8 character at the front, 0 if there is none.
/// Overlong forms, surrogates and code points past U+10FFFF are none.
std::size_t utf8_length(std::string_view bytes) {
  auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  auto lead = at(0);
  if (lead < 0x80)
    return 1;
  if (lead < 0xc2 || lead > 0xf4)
    return 0;
  std::size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (bytes.size() < length)
    return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((at(i) & 0xc0) != 0x80)
      return 0;
  if ((lead == 0xe0 && at(1) < 0xa0) || (lead == 0xed && at(1) > 0x9f)
      || (lead == 0xf0 && at(1) < 0x90) || (lead == 0xf4 && at(1) > 0x8f))
    return 0;
  return length;
}

/// C0 and C1 control characters and DEL.
bool is_control(std::string_view character) {
  auto lead = static_cast<unsigned char>(character[0]);
  return lead < 0x20 || lead == 0x7f
         || (lead == 0xc2 && static_cast<unsigned char>(character[1]) < 0xa0);
}

} // namespace

void append_printable(std::string_view bytes, std::size_t most,
                      std::string& to) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  bytes = bytes.substr(0, most);
  while (!bytes.empty()) {
    auto length = utf8_length(bytes);
    auto shown = length != 0 && !is_control(bytes.substr(0, length));
    length = std::max<std::size_t>(length, 1);
    if (shown) {
      to.append(bytes.substr(0, length));
    } else {
      for (auto c : bytes.substr(0, length)) {
        auto byte = static_cast<unsigned char>(c);
        to.append("\\x");
        to.push_back(digits[byte >> 4]);
        to.push_back(digits[byte & 15]);
      }
    }
    bytes.remove_prefix(length);
  }
}

} // namespace flow
