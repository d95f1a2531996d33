#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>

#include "libflow/core/bytes.hpp"
#include "libflow/core/codec_cereal.hpp"
#include "libflow/core/codec_fields.hpp"
#include "libflow/core/codec_rules.hpp"

namespace flow {

/// How values of a type become bytes, on the wire, in snapshots and as keys:
/// the same bytes on every machine. Integers little-endian at their declared
/// width, bool as one byte, an enum as its underlying type, float and double as
/// their bits (one NaN); structs field by field without padding; strings and
/// containers behind a u32 length, optional and variant behind a u8 tag. Every
/// value takes at least one byte.
///
/// Needs no code of the author for structs that boost::pfr can look into;
/// otherwise, first found: a specialisation of codec<T>, FLOW_FIELDS, a Cereal
/// `serialize`. A specialisation has the three functions below and may have
/// `min_size`, the fewest bytes a value takes.
///
/// @thread any; encoding only reads the value
template <class T>
struct codec {
  static constexpr bool is_default = true;

  /// Appends the value. Throws only what a `serialize` of the author throws.
  static void encode(const T& value, byte_writer& out);

  /// Reads what encode wrote; false if the bytes are damaged, and then the
  /// value may hold anything. Bytes are not trusted: no length is believed
  /// before as many bytes are there. Texts go where text copies go
  /// (`arena_scope`).
  [[nodiscard]] static bool decode(byte_reader& in, T& value) noexcept;

  /// The layout in readable text, such as `{i64,text,list<f64>}`: types with
  /// the same schema have the same encoding.
  [[nodiscard]] static std::string schema();
};

/// Types that a record, a key or a state may have.
template <class T>
concept codable = detail::is_codable<T>;

} // namespace flow

#include "libflow/core/codec_standard.hpp"
#include "libflow/core/plain_bytes.hpp"

namespace flow {

namespace detail {

template <class T>
std::string scalar_schema() {
  if constexpr (std::same_as<T, bool>) {
    return "bool";
  } else if constexpr (std::is_enum_v<T>) {
    return scalar_schema<std::underlying_type_t<T>>();
  } else {
    // Whether char is signed differs between machines; its byte does not.
    const char* letter = std::is_floating_point_v<T>                    ? "f"
                         : std::is_signed_v<T> || std::same_as<T, char> ? "i"
                                                                        : "u";
    return number_schema(letter, sizeof(T) * 8);
  }
}

template <class T>
void encode_scalar(const T& value, byte_writer& out) {
  if constexpr (std::same_as<T, bool>)
    out.write_bool(value);
  else if constexpr (std::is_enum_v<T>)
    encode_scalar(static_cast<std::underlying_type_t<T>>(value), out);
  else if constexpr (std::is_floating_point_v<T>)
    out.write_float(value);
  else
    out.write_int(value);
}

template <class T>
bool decode_scalar(byte_reader& in, T& value) noexcept {
  if constexpr (std::same_as<T, bool>) {
    return in.read_bool(value);
  } else if constexpr (std::is_enum_v<T>) {
    std::underlying_type_t<T> number{};
    if (!decode_scalar(in, number))
      return false;
    value = static_cast<T>(number);
    return true;
  } else if constexpr (std::is_floating_point_v<T>) {
    return in.read_float(value);
  } else {
    return in.read_int(value);
  }
}

/// @pre the bytes of any T are its encoding
template <class T>
bool decode_whole(byte_reader& in, T& value) noexcept {
  std::span<const std::byte> bytes;
  if (!in.read_raw(sizeof value, bytes))
    return false;
  std::memcpy(static_cast<void*>(&value), bytes.data(), sizeof value);
  return true;
}

template <class T>
void encode_cereal(const T& value, byte_writer& out) {
  const auto before = out.size();
  buffer_output_archive archive{out};
  archive.put(value);
  if (out.size() == before)
    out.write_bool(false);
}

template <class T>
bool decode_cereal(byte_reader& in, T& value) noexcept {
  const auto before = in.remaining();
  try {
    buffer_input_archive archive{in};
    archive.get(value);
  } catch (const std::exception&) {
    return in.fail();
  } catch (...) {
    return in.fail();
  }
  bool nothing = false;
  return in.remaining() != before || in.read_bool(nothing);
}

} // namespace detail

template <class T>
void codec<T>::encode(const T& value, byte_writer& out) {
  static_assert(detail::obeys_record_rules<T>);
  constexpr auto kind = detail::kind_of<T>;
  if constexpr (!codable<T>)
    return;
  else if constexpr (kind == detail::codec_kind::scalar)
    detail::encode_scalar(value, out);
  else if constexpr (detail::is_exact_bytes<T>)
    out.write_raw(std::as_bytes(std::span{&value, 1}));
  else if constexpr (kind == detail::codec_kind::fields)
    detail::encode_fields(detail::fields_of(value), out);
  else
    detail::encode_cereal(value, out);
}

template <class T>
bool codec<T>::decode(byte_reader& in, T& value) noexcept {
  static_assert(detail::obeys_record_rules<T>);
  constexpr auto kind = detail::kind_of<T>;
  if constexpr (!codable<T>)
    return false;
  else if constexpr (kind == detail::codec_kind::scalar)
    return detail::decode_scalar(in, value);
  else if constexpr (detail::is_exact_bytes<T>)
    return detail::decode_whole(in, value);
  else if constexpr (kind == detail::codec_kind::fields)
    return detail::decode_fields(in, detail::fields_of(value));
  else
    return detail::decode_cereal(in, value);
}

template <class T>
std::string codec<T>::schema() {
  static_assert(detail::obeys_record_rules<T>);
  constexpr auto kind = detail::kind_of<T>;
  if constexpr (!codable<T>)
    return {};
  else if constexpr (kind == detail::codec_kind::scalar)
    return detail::scalar_schema<T>();
  else if constexpr (kind == detail::codec_kind::fields)
    return detail::fields_schema(detail::field_types_of<T>{});
  else
    return detail::composed_schema(
      "cereal", {std::to_string(cereal::detail::Version<T>::version)});
}

} // namespace flow
