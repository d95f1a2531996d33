#pragma once

#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "libflow/core/assert.hpp"

namespace flow {

/// Writes one JSON text (RFC 8259) from the first byte to the last; nothing is
/// kept but the text and the open brackets. Keys stand in the order of the
/// calls, so equal calls give equal bytes.
///
///     json_writer out;
///     out.begin_object();
///     out.key("job").value("flights");
///     out.end_object();
///     std::string text = std::move(out).take();
///
/// Owner: whoever writes; one thread at a time. A call that does not fit (a
/// value without a key inside an object, an end without its begin) is a broken
/// invariant and asserts. Strings are expected to be UTF-8; bytes that are not
/// are replaced by U+FFFD, so that the text is always valid JSON. NaN and the
/// infinities, which JSON lacks, are written as null.
class json_writer {
public:
  /// One line without blanks, or one member a line, indented by two.
  enum class layout { compact, indented };

  explicit json_writer(layout how = layout::compact) : layout_(how) {}

  json_writer& begin_object() { return open('{'); }
  json_writer& end_object() { return close('{', '}'); }
  json_writer& begin_array() { return open('['); }
  json_writer& end_array() { return close('[', ']'); }

  /// @pre inside an object, before its value
  json_writer& key(std::string_view name) {
    FLOW_ASSERT(!open_.empty() && open_.back().bracket == '{' && !has_key_,
                "a JSON key stands in an object, once per value");
    next_member();
    quote(name);
    text_ += layout_ == layout::compact ? ":" : ": ";
    has_key_ = true;
    return *this;
  }

  json_writer& value(std::string_view text) {
    before_value();
    quote(text);
    return *this;
  }
  json_writer& value(const char* text) { return value(std::string_view{text}); }
  json_writer& value(bool flag) { return raw(flag ? "true" : "false"); }
  json_writer& value(std::integral auto number) { return append(number); }
  json_writer& value(double number) {
    return std::isfinite(number) ? append(number) : null();
  }
  json_writer& null() { return raw("null"); }

  /// The same as key(name).value(v).
  template <class Value>
  json_writer& member(std::string_view name, const Value& v) {
    return key(name).value(v);
  }

  /// The whole text. @pre every bracket is closed
  [[nodiscard]] const std::string& text() const& {
    FLOW_ASSERT(open_.empty() && !has_key_, "JSON text is not finished");
    return text_;
  }
  [[nodiscard]] std::string take() && {
    FLOW_ASSERT(open_.empty() && !has_key_, "JSON text is not finished");
    return std::move(text_);
  }

private:
  struct level {
    char bracket;
    bool empty;
  };

  json_writer& open(char bracket) {
    before_value();
    text_ += bracket;
    open_.push_back({bracket, true});
    return *this;
  }

  json_writer& close(char opened_by, char bracket) {
    FLOW_ASSERT(!open_.empty() && open_.back().bracket == opened_by
                  && !has_key_,
                "a JSON bracket is closed that is not open");
    const bool empty = open_.back().empty;
    open_.pop_back();
    if (!empty)
      new_line();
    text_ += bracket;
    return *this;
  }

  json_writer& raw(std::string_view text) {
    before_value();
    text_ += text;
    return *this;
  }

  template <class Number>
  json_writer& append(Number number) {
    before_value();
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, number);
    FLOW_ASSERT(end.ec == std::errc{}, "a number takes over 32 characters");
    text_.append(digits, end.ptr);
    return *this;
  }

  void before_value() {
    if (open_.empty()) {
      FLOW_ASSERT(text_.empty(), "a JSON text is one value");
    } else if (open_.back().bracket == '[') {
      next_member();
    } else {
      FLOW_ASSERT(has_key_, "a JSON value in an object needs a key");
      has_key_ = false;
    }
  }

  void next_member() {
    if (!open_.back().empty)
      text_ += ',';
    open_.back().empty = false;
    new_line();
  }

  void new_line() {
    if (layout_ == layout::compact)
      return;
    text_ += '\n';
    text_.append(2 * open_.size(), ' ');
  }

  void quote(std::string_view s) {
    text_ += '"';
    for (std::size_t i = 0; i < s.size();)
      i += quote_next(s.substr(i));
    text_ += '"';
  }

  /// Writes the first character of `s`; returns its bytes.
  std::size_t quote_next(std::string_view s) {
    const auto byte = static_cast<unsigned char>(s[0]);
    if (byte >= 0x80) {
      const std::size_t n = utf8_length(s);
      text_ += n == 0 ? std::string_view{"\xEF\xBF\xBD"} : s.substr(0, n);
      return n == 0 ? 1 : n;
    }
    switch (s[0]) {
    case '"':
      text_ += "\\\"";
      break;
    case '\\':
      text_ += "\\\\";
      break;
    case '\n':
      text_ += "\\n";
      break;
    case '\r':
      text_ += "\\r";
      break;
    case '\t':
      text_ += "\\t";
      break;
    default:
      if (byte < 0x20 || byte == 0x7F) {
        constexpr std::string_view hex = "0123456789abcdef";
        text_ += "\\u00";
        text_ += hex[byte >> 4];
        text_ += hex[byte & 15];
      } else {
        text_ += s[0];
      }
    }
    return 1;
  }

  /// Bytes of the well-formed multi-byte character that `s` begins with, 0 if
  /// there is none (cut, overlong, a surrogate, beyond U+10FFFF).
  static std::size_t utf8_length(std::string_view s) noexcept {
    auto at = [s](std::size_t i) -> unsigned {
      return i < s.size() ? static_cast<unsigned char>(s[i]) : 0u;
    };
    auto tail = [&at](std::size_t i) { return (at(i) & 0xC0) == 0x80; };
    const unsigned a = at(0);
    const unsigned b = at(1);
    if (a >= 0xC2 && a <= 0xDF)
      return tail(1) ? 2 : 0;
    if (a >= 0xE0 && a <= 0xEF) {
      const bool fits = (a != 0xE0 || b >= 0xA0) && (a != 0xED || b < 0xA0);
      return fits && tail(1) && tail(2) ? 3 : 0;
    }
    if (a >= 0xF0 && a <= 0xF4) {
      const bool fits = (a != 0xF0 || b >= 0x90) && (a != 0xF4 || b < 0x90);
      return fits && tail(1) && tail(2) && tail(3) ? 4 : 0;
    }
    return 0;
  }

  std::string text_;
  std::vector<level> open_;
  layout layout_;
  bool has_key_ = false;
};

} // namespace flow
