#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include "libflow/core/codec.hpp"

// Record types that tests of codecs and hashes share.

namespace flow::test {

enum class color : std::uint8_t { red, green = 200 };
enum plain_enum : std::int16_t { first = -1, second = 300 };

struct point {
  std::int32_t x = 0;
  std::int32_t y = 0;
  friend auto operator<=>(const point&, const point&) = default;
};

struct named_point {
  text name;
  point at;
  friend auto operator<=>(const named_point&, const named_point&) = default;
};

struct empty_record {
  friend auto operator<=>(const empty_record&, const empty_record&) = default;
};

/// One field of each kind that a codec knows.
struct everything {
  bool flag = false;
  char letter = 0;
  std::int8_t i8 = 0;
  std::uint8_t u8 = 0;
  std::int16_t i16 = 0;
  std::uint16_t u16 = 0;
  std::int32_t i32 = 0;
  std::uint32_t u32 = 0;
  std::int64_t i64 = 0;
  std::uint64_t u64 = 0;
  float f32 = 0;
  double f64 = 0;
  color shade = color::red;
  plain_enum plain = second;
  std::string string;
  text short_text;
  text long_text;
  std::array<std::uint16_t, 3> array{};
  std::vector<std::int32_t> numbers;
  std::vector<bool> flags;
  std::vector<named_point> points;
  std::deque<double> deque;
  std::list<std::string> list;
  std::map<std::string, std::vector<int>> map;
  std::unordered_map<std::int64_t, text> hash_map;
  std::set<text> set;
  std::unordered_set<std::uint32_t> hash_set;
  std::optional<named_point> present;
  std::optional<std::int64_t> absent;
  std::pair<int, std::string> pair;
  std::tuple<std::uint8_t, text, double> tuple;
  std::variant<std::monostate, std::int64_t, std::string, point> variant;
  std::chrono::milliseconds duration{};
  std::chrono::sys_time<std::chrono::microseconds> time{};
  empty_record empty;

  friend bool operator==(const everything&, const everything&) = default;
};

inline everything sample() {
  everything e;
  e.flag = true;
  e.letter = 'x';
  e.i8 = -8;
  e.u8 = 250;
  e.i16 = -1600;
  e.u16 = 65000;
  e.i32 = -320000;
  e.u32 = 4'000'000'000;
  e.i64 = -64'000'000'000'000;
  e.u64 = 1ULL << 63;
  e.f32 = 1.5f;
  e.f64 = -2.25;
  e.shade = color::green;
  e.plain = first;
  e.string = "a std::string beyond fifteen bytes";
  e.short_text = "short";
  e.long_text = "a text of more than twelve bytes";
  e.array = {1, 2, 3};
  e.numbers = {5, -6, 7};
  e.flags = {true, false, true};
  e.points = {{"a", {1, 2}}, {"a point with a long name", {3, 4}}};
  e.deque = {0.5, 1e300};
  e.list = {"x", ""};
  e.map = {{"one", {1}}, {"none", {}}};
  e.hash_map = {{1, "one"}, {-2, "minus two, at length"}, {300, ""}};
  e.set = {"b", "a"};
  e.hash_set = {1, 256, 65536};
  e.present = named_point{"here", {0, 1}};
  e.pair = {1, "second"};
  e.tuple = {1, "t", 2.0};
  e.variant = point{7, 8};
  e.duration = std::chrono::milliseconds{-1500};
  e.time = std::chrono::sys_time<std::chrono::microseconds>{
    std::chrono::microseconds{1234567}};
  return e;
}

template <class T>
std::vector<std::byte> encoded(const T& value) {
  std::vector<std::byte> bytes;
  {
    byte_writer out{bytes};
    codec<T>::encode(value, out);
  }
  return bytes;
}

/// The value that bytes stand for; nullopt if they are damaged or too many.
template <class T>
std::optional<T> decoded(std::span<const std::byte> bytes) {
  byte_reader in{bytes};
  T value{};
  if (!codec<T>::decode(in, value) || !in.finished())
    return std::nullopt;
  return value;
}

} // namespace flow::test
