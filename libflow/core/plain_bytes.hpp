#pragma once

#include <array>
#include <type_traits>

#include "libflow/core/codec_standard.hpp"

namespace flow::detail {

template <class T>
consteval bool lies_as_encoded();

template <class... Ts>
consteval bool all_lie_as_encoded(type_list<Ts...>) {
  return (lies_as_encoded<Ts>() && ...);
}

template <class T>
struct array_of : std::false_type {};
template <class T, std::size_t N>
struct array_of<std::array<T, N>> : std::true_type {};

template <class T>
consteval bool lies_as_encoded_in_parts() {
  if constexpr (array_of<T>::value)
    return lies_as_encoded<typename T::value_type>();
  else if constexpr (kind_of<T> == codec_kind::fields && !listed_record<T>)
    return std::is_trivially_copyable_v<
             T> && !std::is_empty_v<T> && min_size<T>() == sizeof(T)
           && all_lie_as_encoded(field_types_of<T>{});
  else
    return false;
}

/// Numbers and enums, but not bool: of its bytes only two may be loaded.
template <class T>
consteval bool lies_as_encoded() {
  if constexpr (kind_of<T> != codec_kind::scalar)
    return lies_as_encoded_in_parts<T>();
  else if constexpr (std::is_enum_v<T>)
    return !std::is_same_v<std::underlying_type_t<T>, bool>;
  else
    return !std::is_same_v<T, bool>;
}

/// Whether the bytes of a T in memory are its encoding, but for NaNs, of which
/// the encoding knows one: numbers, recursively, in the order of declaration
/// and without padding. Such values may be copied whole instead of encoded.
template <class T>
inline constexpr bool is_plain_bytes = lies_as_encoded<T>();

/// Whether they are, without exception.
template <class T>
inline constexpr bool is_exact_bytes =
  is_plain_bytes<T> && !holds_floating_point<T>;

} // namespace flow::detail
