#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>

#include "libflow/core/codec_cereal.hpp"
#include "libflow/core/codec_fields.hpp"

// What a type has to be to have a codec, decided at compile time.

namespace flow::detail {

enum class codec_kind {
  none,   ///< no codec
  own,    ///< a specialisation of codec<T>
  scalar, ///< number, bool, enum
  fields, ///< struct, field by field
  cereal, ///< the type's Cereal functions
};

template <class T>
consteval codec_kind find_kind() {
  if constexpr (std::is_reference_v<T> || std::is_void_v<T>)
    return codec_kind::none;
  else if constexpr (!requires { codec<T>::is_default; })
    return codec_kind::own;
  else if constexpr (std::is_floating_point_v<T>)
    return sizeof(T) <= 8 ? codec_kind::scalar : codec_kind::none;
  else if constexpr (std::is_integral_v<T> || std::is_enum_v<T>)
    return codec_kind::scalar;
  else if constexpr (!std::is_class_v<T> || !std::default_initializable<T>)
    return codec_kind::none;
  else if constexpr (listed_record<T>)
    return codec_kind::fields;
  else if constexpr (cereal_record<T>)
    return codec_kind::cereal;
  else if constexpr (pfr_record<T>)
    return codec_kind::fields;
  else
    return codec_kind::none;
}

template <class T>
inline constexpr codec_kind kind_of = find_kind<T>();

template <class T>
consteval bool has_own_codec() {
  return kind_of<T> != codec_kind::none && kind_of<T> != codec_kind::cereal;
}

/// The types a type with a codec of its own is made of.
template <class T>
struct parts_of {
  using types = type_list<>;
};

template <class T>
consteval auto parts() {
  if constexpr (kind_of<T> == codec_kind::own)
    return typename parts_of<T>::types{};
  else if constexpr (kind_of<T> == codec_kind::fields)
    return field_types_of<T>{};
  else
    return type_list<>{};
}

template <template <class> class Predicate, class T, class... Outer>
consteval bool holds();

template <template <class> class Predicate, class... Outer, class... Ts>
consteval bool any_holds(type_list<Ts...>, type_list<Outer...>) {
  return (holds<Predicate, Ts, Outer...>() || ...);
}

/// Whether a type or anything it is made of satisfies a predicate.
template <template <class> class Predicate, class T, class... Outer>
consteval bool holds() {
  if constexpr (Predicate<T>::value)
    return true;
  else if constexpr ((std::same_as<T, Outer> || ...))
    return false;
  else
    return any_holds<Predicate>(parts<T>(), type_list<T, Outer...>{});
}

template <class T, class... Outer>
consteval bool meets_itself();

template <class... Outer, class... Ts>
consteval bool any_meets_itself(type_list<Ts...>, type_list<Outer...>) {
  return (meets_itself<Ts, Outer...>() || ...);
}

template <class T, class... Outer>
consteval bool meets_itself() {
  if constexpr ((std::same_as<T, Outer> || ...))
    return true;
  else
    return any_meets_itself(parts<T>(), type_list<T, Outer...>{});
}

template <class T>
struct is_view
  : std::bool_constant<
      std::is_pointer_v<
        T> || std::is_member_pointer_v<T> || std::is_reference_v<T>> {};
template <class C, class Traits>
struct is_view<std::basic_string_view<C, Traits>> : std::true_type {};
template <class T, std::size_t N>
struct is_view<std::span<T, N>> : std::true_type {};
template <class T>
struct is_view<std::reference_wrapper<T>> : std::true_type {};

template <class T>
struct has_no_codec : std::bool_constant<kind_of<T> == codec_kind::none> {};

template <class T>
inline constexpr bool holds_view = holds<is_view, T>();

template <class T>
inline constexpr bool is_codable =
  !holds_view<T> && !holds<has_no_codec, T>() && !meets_itself<T>();

template <class T>
inline constexpr bool holds_floating_point = holds<std::is_floating_point, T>();

template <class T>
struct record_rules {
  static_assert(!holds_view<T>,
                "a record holds no raw pointer, reference, std::string_view or "
                "std::span, for it outlives what they refer to: use "
                "flow::text, std::string or a container");
  static_assert(holds_view<T> || is_codable<T>,
                "a record is default-constructible and made of numbers, bool, "
                "enums, strings, standard containers and structs of these, "
                "without references and not containing itself; anything else "
                "needs FLOW_FIELDS, a Cereal serialize or a flow::codec<T>");
  static constexpr bool checked = true;
};

/// True, or the one readable error that says why a type has no codec.
template <class T>
inline constexpr bool obeys_record_rules = record_rules<T>::checked;

template <class T>
consteval std::size_t min_size();

template <class... Ts>
consteval std::size_t sum_of_min_sizes(type_list<Ts...>) {
  constexpr auto sum = (std::size_t{0} + ... + min_size<Ts>());
  return sum == 0 ? 1 : sum;
}

/// The fewest bytes that a value of a type is encoded in; at least 1.
template <class T>
consteval std::size_t min_size() {
  if constexpr (requires { codec<T>::min_size; })
    return codec<T>::min_size;
  else if constexpr (kind_of<T> == codec_kind::scalar)
    return sizeof(T);
  else if constexpr (kind_of<T> == codec_kind::fields)
    return sum_of_min_sizes(field_types_of<T>{});
  else
    return 1;
}

} // namespace flow::detail
