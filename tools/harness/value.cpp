#include "tools/harness/value.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace flow::harness {

namespace {

const value null_value;

[[noreturn]] void wrong_kind(const char* wanted, const value& found) {
  throw std::invalid_argument(std::string{wanted} + " is wanted where "
                              + found.dump() + " stands");
}

void dump_text(const std::string& text, std::string& out) {
  static constexpr char hex[] = "0123456789abcdef";
  out += '"';
  for (const char letter : text) {
    const auto code = static_cast<unsigned char>(letter);
    if (letter == '"' || letter == '\\') {
      out += '\\';
      out += letter;
    } else if (code < 0x20) {
      out += "\\u00";
      out += hex[code >> 4];
      out += hex[code & 15];
    } else {
      out += letter;
    }
  }
  out += '"';
}

bool same(const value& expected, const value& actual, bool whole);

bool same_map(const value::map& expected, const value::map& actual,
              bool whole) {
  for (const auto& [name, wanted] : expected) {
    const auto found = actual.find(name);
    if (!same(wanted, found == actual.end() ? null_value : found->second,
              whole))
      return false;
  }
  return !whole || std::ranges::all_of(actual, [&](const auto& member) {
    return member.second.is_null() || expected.contains(member.first);
  });
}

bool is_window(const value& v) {
  return v.is_map() && v.as_map().size() == 2 && v.find("start") != nullptr
         && v.find("end") != nullptr;
}

bool is_empty(const value& v) {
  return v.is_list() && v.as_list().empty();
}

/// [start, end] of a map of the two.
value window_list(const value& v) {
  return value::list{v["start"], v["end"]};
}

bool same(const value& expected, const value& actual, bool whole) {
  if (!whole && expected.is_map() && expected.as_map().size() == 1)
    if (const value* choices = expected.find("one_of"))
      return std::ranges::any_of(choices->as_list(), [&](const value& one) {
        return same(one, actual, whole);
      });
  if (expected.is_map() && actual.is_map())
    return same_map(expected.as_map(), actual.as_map(), whole);
  if (is_window(expected) && actual.is_list())
    return same(window_list(expected), actual, whole);
  if (is_window(actual) && expected.is_list())
    return same(expected, window_list(actual), whole);
  if ((expected.is_null() && is_empty(actual))
      || (actual.is_null() && is_empty(expected)))
    return true;
  if (expected.is_list() && actual.is_list())
    return std::ranges::equal(
      expected.as_list(), actual.as_list(),
      [&](const value& a, const value& b) { return same(a, b, whole); });
  if (expected == actual)
    return true;
  const auto a = expected.number();
  return a && a == actual.number();
}

} // namespace

value::value() noexcept = default;
value::value(const value& other) = default;
value::value(value&& other) noexcept = default;
value& value::operator=(const value& other) = default;
value& value::operator=(value&& other) noexcept = default;
value::~value() = default;

bool value::as_bool() const {
  if (const auto* flag = std::get_if<bool>(&data_))
    return *flag;
  wrong_kind("true or false", *this);
}

std::int64_t value::as_int() const {
  if (const auto found = number())
    return *found;
  wrong_kind("a number", *this);
}

const std::string& value::as_text() const {
  if (const auto* text = std::get_if<std::string>(&data_))
    return *text;
  wrong_kind("text", *this);
}

const value::list& value::as_list() const {
  if (const auto* items = std::get_if<list>(&data_))
    return *items;
  wrong_kind("a list", *this);
}

const value::map& value::as_map() const {
  if (const auto* members = std::get_if<map>(&data_))
    return *members;
  wrong_kind("an object", *this);
}

std::optional<std::int64_t> value::number() const {
  if (const auto* found = std::get_if<std::int64_t>(&data_))
    return *found;
  const auto* text = std::get_if<std::string>(&data_);
  if (text == nullptr)
    return std::nullopt;
  std::int64_t result = 0;
  const char* end = text->data() + text->size();
  const auto read = std::from_chars(text->data(), end, result);
  if (read.ec != std::errc{} || read.ptr != end
      || std::to_string(result) != *text)
    return std::nullopt;
  return result;
}

const value* value::find(std::string_view name) const {
  const auto* members = std::get_if<map>(&data_);
  if (members == nullptr)
    return nullptr;
  const auto found = members->find(std::string{name});
  return found == members->end() ? nullptr : &found->second;
}

const value& value::operator[](std::string_view name) const {
  const value* found = find(name);
  return found != nullptr ? *found : null_value;
}

std::string value::dump() const {
  std::string result;
  dump_to(result);
  return result;
}

void value::dump_to(std::string& out) const {
  constexpr std::int64_t exact = (std::int64_t{1} << 53) - 1;
  if (is_null()) {
    out += "null";
  } else if (const auto* flag = std::get_if<bool>(&data_)) {
    out += *flag ? "true" : "false";
  } else if (const auto* found = std::get_if<std::int64_t>(&data_)) {
    const bool rounds = *found > exact || *found < -exact;
    out += rounds ? '"' + std::to_string(*found) + '"' : std::to_string(*found);
  } else if (is_text()) {
    dump_text(as_text(), out);
  } else if (is_list()) {
    out += '[';
    for (const value& item : as_list()) {
      if (out.back() != '[')
        out += ',';
      item.dump_to(out);
    }
    out += ']';
  } else {
    out += '{';
    for (const auto& [name, member] : as_map()) {
      if (out.back() != '{')
        out += ',';
      dump_text(name, out);
      out += ':';
      member.dump_to(out);
    }
    out += '}';
  }
}

std::strong_ordering value::order(const value& a, const value& b) {
  if (a.data_.index() != b.data_.index())
    return a.data_.index() <=> b.data_.index();
  if (a.is_null())
    return std::strong_ordering::equal;
  if (a.is_int())
    return a.as_int() <=> b.as_int();
  if (a.is_text())
    return a.as_text() <=> b.as_text();
  if (a.is_list())
    return std::lexicographical_compare_three_way(
      a.as_list().begin(), a.as_list().end(), b.as_list().begin(),
      b.as_list().end(), order);
  if (a.is_map())
    return a.dump() <=> b.dump();
  return a.as_bool() <=> b.as_bool();
}

bool same_result(const value& expected, const value& actual) {
  return same(expected, actual, true);
}

bool same_values(const value::list& expected, const value::list& actual) {
  std::vector<const value*> rest;
  for (const value& each : actual)
    rest.push_back(&each);
  for (const value& wanted : expected) {
    const auto found = std::ranges::find_if(
      rest, [&](const value* one) { return same_result(wanted, *one); });
    if (found == rest.end())
      return false;
    rest.erase(found);
  }
  return rest.empty();
}

bool matches(const value& expected, const value& actual) {
  return same(expected, actual, false);
}

} // namespace flow::harness

namespace flow {

namespace {

using harness::value;

enum class tag : std::uint8_t {
  null = 0,
  no = 1,
  yes = 2,
  number = 3,
  text = 4,
  list = 5,
  map = 6,
};

void write_tag(tag of, byte_writer& out) {
  out.write_int(static_cast<std::uint8_t>(of));
}

bool decode_nested(byte_reader& in, value& to, int depth);

bool decode_list(byte_reader& in, value& to, int depth) {
  std::size_t count = 0;
  if (!in.read_length(count, 1))
    return false;
  value::list items(count);
  for (value& item : items)
    if (!decode_nested(in, item, depth))
      return false;
  to = std::move(items);
  return true;
}

bool decode_map(byte_reader& in, value& to, int depth) {
  std::size_t count = 0;
  if (!in.read_length(count, 5))
    return false;
  value::map members;
  for (; count > 0; --count) {
    std::string_view name;
    value member;
    if (!in.read_string(name) || !decode_nested(in, member, depth))
      return false;
    members.emplace(name, std::move(member));
  }
  to = std::move(members);
  return true;
}

bool decode_nested(byte_reader& in, value& to, int depth) {
  std::uint8_t what = 0;
  std::int64_t number = 0;
  std::string_view text;
  if (depth == 0 || !in.read_int(what))
    return in.fail();
  switch (static_cast<tag>(what)) {
  case tag::null:
    to = {};
    return true;
  case tag::no:
  case tag::yes:
    to = static_cast<tag>(what) == tag::yes;
    return true;
  case tag::number:
    if (!in.read_int(number))
      return false;
    to = number;
    return true;
  case tag::text:
    if (!in.read_string(text))
      return false;
    to = std::string{text};
    return true;
  case tag::list:
    return decode_list(in, to, depth - 1);
  case tag::map:
    return decode_map(in, to, depth - 1);
  }
  return in.fail();
}

} // namespace

void codec<value>::encode(const value& from, byte_writer& out) {
  if (from.is_null()) {
    write_tag(tag::null, out);
  } else if (from.is_int()) {
    write_tag(tag::number, out);
    out.write_int(from.as_int());
  } else if (from.is_text()) {
    write_tag(tag::text, out);
    out.write_string(from.as_text());
  } else if (from.is_list()) {
    write_tag(tag::list, out);
    out.write_length(from.as_list().size());
    for (const value& item : from.as_list())
      encode(item, out);
  } else if (from.is_map()) {
    write_tag(tag::map, out);
    out.write_length(from.as_map().size());
    for (const auto& [name, member] : from.as_map()) {
      out.write_string(name);
      encode(member, out);
    }
  } else {
    write_tag(from.as_bool() ? tag::yes : tag::no, out);
  }
}

bool codec<value>::decode(byte_reader& in, value& to) noexcept {
  return decode_nested(in, to, max_depth);
}

} // namespace flow
