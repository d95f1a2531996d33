#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <initializer_list>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include "libflow/core/bytes.hpp"
#include "libflow/core/codec_rules.hpp"
#include "libflow/core/float_key.hpp"
#include "libflow/core/text.hpp"

// Codecs of the standard library's types and of our own value types. Included
// by core/codec.hpp.

namespace flow {

namespace detail {

template <class T>
void encode_one(const T& value, byte_writer& out) {
  codec<T>::encode(value, out);
}

template <class T>
bool decode_one(byte_reader& in, T& value) noexcept {
  return codec<T>::decode(in, value);
}

template <class... Ts>
void encode_fields(const std::tuple<Ts...>& fields, byte_writer& out) {
  if constexpr (sizeof...(Ts) == 0)
    out.write_bool(false);
  else
    std::apply([&](const auto&... field) { (encode_one(field, out), ...); },
               fields);
}

template <class... Ts>
bool decode_fields(byte_reader& in, const std::tuple<Ts...>& fields) noexcept {
  if constexpr (sizeof...(Ts) == 0) {
    bool nothing = false;
    return in.read_bool(nothing);
  } else {
    return std::apply(
      [&](auto&... field) { return (decode_one(in, field) && ...); }, fields);
  }
}

/// `name<part,part>`, without a name `{part,part}`.
[[nodiscard]] std::string
composed_schema(std::string_view name,
                std::initializer_list<std::string> parts);

/// Such as `1/1000`: the part of a second that a duration counts.
[[nodiscard]] std::string ratio_schema(std::intmax_t num, std::intmax_t den);

/// Such as `i64`.
[[nodiscard]] std::string number_schema(const char* letter, std::size_t bits);

template <class... Ts>
std::string schema_of_types(std::string_view name) {
  return composed_schema(name, {codec<Ts>::schema()...});
}

template <class... Ts>
std::string fields_schema(type_list<Ts...>) {
  return schema_of_types<Ts...>("");
}

/// Encoding of std::vector, deque, list: length and elements.
template <class C>
struct sequence_codec {
  using element = typename C::value_type;
  static constexpr std::size_t min_size = 4;
  // Copied whole: the bytes of such a number are its encoding.
  static constexpr bool is_flat =
    std::is_integral_v<
      element> && !std::same_as<element, bool> && requires(const C& c) {
    c.data();
  };

  static void encode(const C& value, byte_writer& out) {
    out.write_length(value.size());
    if constexpr (is_flat)
      out.write_raw(std::as_bytes(std::span{value}));
    else
      for (const element& x : value)
        codec<element>::encode(x, out);
  }

  static bool decode(byte_reader& in, C& value) noexcept {
    value.clear();
    std::size_t length = 0;
    if (!in.read_length(length, detail::min_size<element>()))
      return false;
    if constexpr (is_flat) {
      std::span<const std::byte> bytes;
      if (!in.read_raw(length * sizeof(element), bytes))
        return false;
      value.resize(length);
      if (length != 0)
        std::memcpy(value.data(), bytes.data(), bytes.size());
      return true;
    } else {
      if constexpr (requires { value.reserve(length); })
        value.reserve(length);
      return decode_elements(in, value, length);
    }
  }

  static std::string schema() { return schema_of_types<element>("list"); }

private:
  static bool decode_elements(byte_reader& in, C& value,
                              std::size_t length) noexcept {
    for (std::size_t i = 0; i < length; ++i) {
      if constexpr (std::same_as<element, bool>) {
        bool x = false;
        if (!in.read_bool(x))
          return false;
        value.push_back(x);
      } else {
        if (!codec<element>::decode(in, value.emplace_back()))
          return false;
      }
    }
    return true;
  }
};

/// One entry of a set or map that decode fills in before it is inserted.
template <class C>
struct entry_of {
  using type = typename C::key_type;
};
template <class C>
requires requires {
  typename C::mapped_type;
}
struct entry_of<C> {
  using type = std::pair<typename C::key_type, typename C::mapped_type>;
};

/// Encoding of sets and maps: length and entries, ordered ones in their order,
/// unordered ones in the order of their encoded keys, so that equal values have
/// equal bytes. A key that comes twice is damage.
template <class C>
struct associative_codec {
  using key = typename C::key_type;
  using entry = typename entry_of<C>::type;
  static constexpr bool is_map = requires { typename C::mapped_type; };
  static constexpr bool is_ordered = requires { typename C::key_compare; };
  static constexpr std::size_t min_size = 4;

  static void encode(const C& value, byte_writer& out) {
    out.write_length(value.size());
    if constexpr (is_ordered) {
      for (const auto& x : value)
        encode_entry(x, out);
    } else {
      encode_sorted(value, out);
    }
  }

  static bool decode(byte_reader& in, C& value) noexcept {
    value.clear();
    std::size_t length = 0;
    if (!in.read_length(length, detail::min_size<entry>()))
      return false;
    if constexpr (!is_ordered)
      value.reserve(length);
    for (std::size_t i = 0; i < length; ++i) {
      entry x{};
      if (!codec<entry>::decode(in, x))
        return false;
      value.insert(value.end(), std::move(x));
      if (value.size() != i + 1)
        return in.fail();
    }
    return true;
  }

  static std::string schema() {
    if constexpr (is_map)
      return schema_of_types<key, typename C::mapped_type>("map");
    else
      return schema_of_types<key>("set");
  }

private:
  struct extent {
    std::size_t begin;
    std::size_t key_end;
    std::size_t end;
  };

  /// Returns where the key ends.
  static std::size_t encode_entry(const typename C::value_type& x,
                                  byte_writer& out) {
    if constexpr (is_map) {
      codec<key>::encode(x.first, out);
      const auto key_end = out.size();
      codec<typename C::mapped_type>::encode(x.second, out);
      return key_end;
    } else {
      codec<key>::encode(x, out);
      return out.size();
    }
  }

  static void encode_sorted(const C& value, byte_writer& out) {
    std::vector<std::byte> scratch;
    byte_writer entries{scratch};
    std::vector<extent> extents;
    extents.reserve(value.size());
    for (const auto& x : value) {
      const auto begin = entries.size();
      const auto key_end = encode_entry(x, entries);
      extents.push_back({begin, key_end, entries.size()});
    }
    const auto bytes = entries.written();
    auto key_of = [&](const extent& x) {
      return std::string_view{reinterpret_cast<const char*>(bytes.data())
                                + x.begin,
                              x.key_end - x.begin};
    };
    std::sort(
      extents.begin(), extents.end(),
      [&](const extent& a, const extent& b) { return key_of(a) < key_of(b); });
    for (const auto& x : extents)
      out.write_raw(bytes.subspan(x.begin, x.end - x.begin));
  }
};

/// Encoding of std::string and text.
template <class S>
struct string_codec {
  static constexpr std::size_t min_size = 4;

  static void encode(const S& value, byte_writer& out) {
    out.write_string(value);
  }
  static bool decode(byte_reader& in, S& value) noexcept {
    std::string_view bytes;
    if (!in.read_string(bytes))
      return false;
    if constexpr (std::same_as<S, text>) {
      if (bytes.size() > text::max_size)
        return in.fail();
    }
    value.assign(bytes);
    return true;
  }
  static std::string schema() { return "text"; }
};

template <class T, std::size_t N>
struct array_codec {
  using array = T;
  using element = std::remove_cvref_t<decltype(std::declval<T&>()[0])>;
  static constexpr std::size_t min_size =
    N == 0 ? 1 : N * detail::min_size<element>();

  static void encode(const T& value, byte_writer& out) {
    if constexpr (N == 0)
      out.write_bool(false);
    for (std::size_t i = 0; i < N; ++i)
      codec<element>::encode(value[i], out);
  }
  static bool decode(byte_reader& in, T& value) noexcept {
    bool nothing = false;
    if (N == 0 && !in.read_bool(nothing))
      return false;
    for (std::size_t i = 0; i < N; ++i)
      if (!codec<element>::decode(in, value[i]))
        return false;
    return true;
  }
  static std::string schema() {
    return composed_schema("array",
                           {codec<element>::schema(), std::to_string(N)});
  }
};

} // namespace detail

template <>
struct codec<std::string> : detail::string_codec<std::string> {};
template <>
struct codec<text> : detail::string_codec<text> {};

template <>
struct codec<float_key> {
  static constexpr std::size_t min_size = 8;
  static void encode(const float_key& value, byte_writer& out) {
    out.write_float(value.value());
  }
  static bool decode(byte_reader& in, float_key& value) noexcept {
    double number = 0;
    if (!in.read_float(number))
      return false;
    value = float_key{number};
    return true;
  }
  static std::string schema() { return "f64"; }
};

template <>
struct codec<std::monostate> {
  static constexpr std::size_t min_size = 1;
  static void encode(const std::monostate&, byte_writer& out) {
    out.write_bool(false);
  }
  static bool decode(byte_reader& in, std::monostate&) noexcept {
    bool nothing = false;
    return in.read_bool(nothing);
  }
  static std::string schema() { return "{}"; }
};

template <class T, std::size_t N>
struct codec<std::array<T, N>> : detail::array_codec<std::array<T, N>, N> {};
template <class T, std::size_t N>
struct codec<T[N]> : detail::array_codec<T[N], N> {};

template <class T, class A>
struct codec<std::vector<T, A>> : detail::sequence_codec<std::vector<T, A>> {};
template <class T, class A>
struct codec<std::deque<T, A>> : detail::sequence_codec<std::deque<T, A>> {};
template <class T, class A>
struct codec<std::list<T, A>> : detail::sequence_codec<std::list<T, A>> {};

template <class K, class L, class A>
struct codec<std::set<K, L, A>> : detail::associative_codec<std::set<K, L, A>> {
};
template <class K, class H, class E, class A>
struct codec<std::unordered_set<K, H, E, A>>
  : detail::associative_codec<std::unordered_set<K, H, E, A>> {};
template <class K, class V, class L, class A>
struct codec<std::map<K, V, L, A>>
  : detail::associative_codec<std::map<K, V, L, A>> {};
template <class K, class V, class H, class E, class A>
struct codec<std::unordered_map<K, V, H, E, A>>
  : detail::associative_codec<std::unordered_map<K, V, H, E, A>> {};

template <class... Ts>
struct codec<std::tuple<Ts...>> {
  static constexpr std::size_t min_size =
    detail::sum_of_min_sizes(detail::type_list<Ts...>{});
  static void encode(const std::tuple<Ts...>& value, byte_writer& out) {
    detail::encode_fields(value, out);
  }
  static bool decode(byte_reader& in, std::tuple<Ts...>& value) noexcept {
    return std::apply(
      [&](Ts&... x) { return detail::decode_fields(in, std::tie(x...)); },
      value);
  }
  static std::string schema() {
    return detail::fields_schema(detail::type_list<Ts...>{});
  }
};

template <class A, class B>
struct codec<std::pair<A, B>> {
  static constexpr std::size_t min_size =
    detail::min_size<A>() + detail::min_size<B>();
  static void encode(const std::pair<A, B>& value, byte_writer& out) {
    codec<A>::encode(value.first, out);
    codec<B>::encode(value.second, out);
  }
  static bool decode(byte_reader& in, std::pair<A, B>& value) noexcept {
    return codec<A>::decode(in, value.first)
           && codec<B>::decode(in, value.second);
  }
  static std::string schema() {
    return detail::fields_schema(detail::type_list<A, B>{});
  }
};

template <class T>
struct codec<std::optional<T>> {
  static constexpr std::size_t min_size = 1;
  static void encode(const std::optional<T>& value, byte_writer& out) {
    out.write_bool(value.has_value());
    if (value)
      codec<T>::encode(*value, out);
  }
  static bool decode(byte_reader& in, std::optional<T>& value) noexcept {
    value.reset();
    bool present = false;
    if (!in.read_bool(present))
      return false;
    return !present || codec<T>::decode(in, value.emplace());
  }
  static std::string schema() { return detail::schema_of_types<T>("optional"); }
};

template <class... Ts>
struct codec<std::variant<Ts...>> {
  static_assert(sizeof...(Ts) <= 255, "a variant has at most 255 alternatives");
  static constexpr std::size_t min_size = 2;

  static void encode(const std::variant<Ts...>& value, byte_writer& out) {
    FLOW_ASSERT(!value.valueless_by_exception(), "a variant without a value");
    out.write_int(static_cast<std::uint8_t>(value.index()));
    std::visit([&](const auto& x) { detail::encode_one(x, out); }, value);
  }
  static bool decode(byte_reader& in, std::variant<Ts...>& value) noexcept {
    std::uint8_t index = 0;
    if (!in.read_int(index))
      return false;
    if (index >= sizeof...(Ts))
      return in.fail();
    return decode_alternative(in, value, index,
                              std::index_sequence_for<Ts...>{});
  }
  static std::string schema() {
    return detail::schema_of_types<Ts...>("variant");
  }

private:
  template <std::size_t... Is>
  static bool decode_alternative(byte_reader& in, std::variant<Ts...>& value,
                                 std::size_t index,
                                 std::index_sequence<Is...>) noexcept {
    return (
      (index == Is && detail::decode_one(in, value.template emplace<Is>()))
      || ...);
  }
};

template <class Rep, class Period>
struct codec<std::chrono::duration<Rep, Period>> {
  using duration = std::chrono::duration<Rep, Period>;
  static constexpr std::size_t min_size = sizeof(Rep);
  static void encode(const duration& value, byte_writer& out) {
    codec<Rep>::encode(value.count(), out);
  }
  static bool decode(byte_reader& in, duration& value) noexcept {
    Rep count{};
    if (!codec<Rep>::decode(in, count))
      return false;
    value = duration{count};
    return true;
  }
  static std::string schema() {
    return detail::composed_schema(
      "duration",
      {codec<Rep>::schema(), detail::ratio_schema(Period::num, Period::den)});
  }
};

template <class Clock, class Duration>
struct codec<std::chrono::time_point<Clock, Duration>> {
  using time_point = std::chrono::time_point<Clock, Duration>;
  static constexpr std::size_t min_size = detail::min_size<Duration>();
  static void encode(const time_point& value, byte_writer& out) {
    codec<Duration>::encode(value.time_since_epoch(), out);
  }
  static bool decode(byte_reader& in, time_point& value) noexcept {
    Duration since_epoch{};
    if (!codec<Duration>::decode(in, since_epoch))
      return false;
    value = time_point{since_epoch};
    return true;
  }
  static std::string schema() {
    return detail::schema_of_types<Duration>("time");
  }
};

namespace detail {

template <class T, std::size_t N>
struct parts_of<std::array<T, N>> {
  using types = type_list<T>;
};
template <class T, std::size_t N>
struct parts_of<T[N]> {
  using types = type_list<T>;
};
template <class T, class A>
struct parts_of<std::vector<T, A>> {
  using types = type_list<T>;
};
template <class T, class A>
struct parts_of<std::deque<T, A>> {
  using types = type_list<T>;
};
template <class T, class A>
struct parts_of<std::list<T, A>> {
  using types = type_list<T>;
};
template <class K, class L, class A>
struct parts_of<std::set<K, L, A>> {
  using types = type_list<K>;
};
template <class K, class H, class E, class A>
struct parts_of<std::unordered_set<K, H, E, A>> {
  using types = type_list<K>;
};
template <class K, class V, class L, class A>
struct parts_of<std::map<K, V, L, A>> {
  using types = type_list<K, V>;
};
template <class K, class V, class H, class E, class A>
struct parts_of<std::unordered_map<K, V, H, E, A>> {
  using types = type_list<K, V>;
};
template <class... Ts>
struct parts_of<std::tuple<Ts...>> {
  using types = type_list<Ts...>;
};
template <class A, class B>
struct parts_of<std::pair<A, B>> {
  using types = type_list<A, B>;
};
template <class T>
struct parts_of<std::optional<T>> {
  using types = type_list<T>;
};
template <class... Ts>
struct parts_of<std::variant<Ts...>> {
  using types = type_list<Ts...>;
};
template <class Rep, class Period>
struct parts_of<std::chrono::duration<Rep, Period>> {
  using types = type_list<Rep>;
};
template <class Clock, class Duration>
struct parts_of<std::chrono::time_point<Clock, Duration>> {
  using types = type_list<Duration>;
};

} // namespace detail

} // namespace flow
