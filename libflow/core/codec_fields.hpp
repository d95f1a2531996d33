#pragma once

#include <concepts>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include <boost/pfr/core.hpp>

#include "libflow/core/type_traits.hpp"

// The fields of a record type, as a tuple of references: listed by the author
// with FLOW_FIELDS, or found by boost::pfr.

#define FLOW_DETAIL_PARENS ()
#define FLOW_DETAIL_EXPAND(...)                                                \
  FLOW_DETAIL_EXPAND2(FLOW_DETAIL_EXPAND2(FLOW_DETAIL_EXPAND2(__VA_ARGS__)))
#define FLOW_DETAIL_EXPAND2(...)                                               \
  FLOW_DETAIL_EXPAND1(FLOW_DETAIL_EXPAND1(FLOW_DETAIL_EXPAND1(__VA_ARGS__)))
#define FLOW_DETAIL_EXPAND1(...)                                               \
  FLOW_DETAIL_EXPAND0(FLOW_DETAIL_EXPAND0(FLOW_DETAIL_EXPAND0(__VA_ARGS__)))
#define FLOW_DETAIL_EXPAND0(...) __VA_ARGS__
#define FLOW_DETAIL_MEMBERS(first, ...)                                        \
  value.first __VA_OPT__(, FLOW_DETAIL_MORE FLOW_DETAIL_PARENS(__VA_ARGS__))
#define FLOW_DETAIL_MORE() FLOW_DETAIL_MEMBERS

/// Lists the fields that the codec writes, in their order, for a type whose
/// fields boost::pfr cannot find (base classes, C arrays, constructors). Stands
/// in the type's own namespace, behind it; up to 26 fields, all public. For
/// private ones write the two `flow_fields` functions as friends.
#define FLOW_FIELDS(type, ...)                                                 \
  [[maybe_unused]] constexpr auto flow_fields(type& value) noexcept {          \
    return std::tie(FLOW_DETAIL_EXPAND(FLOW_DETAIL_MEMBERS(__VA_ARGS__)));     \
  }                                                                            \
  [[maybe_unused]] constexpr auto flow_fields(const type& value) noexcept {    \
    return std::tie(FLOW_DETAIL_EXPAND(FLOW_DETAIL_MEMBERS(__VA_ARGS__)));     \
  }                                                                            \
  static_assert(true, "a semicolon follows")

namespace flow::detail {

template <class T>
concept listed_record = requires(T& value, const T& constant) {
  flow_fields(value);
  flow_fields(constant);
};

/// boost::pfr needs to make values of T, and would fail hard without.
template <class T>
concept pfr_record = std::is_class_v<T> && std::is_aggregate_v<
  T> && std::default_initializable<T> && !listed_record<T>;

template <class T>
requires listed_record<std::remove_const_t<T>> || pfr_record<
  std::remove_const_t<T>>
constexpr auto fields_of(T& value) noexcept {
  if constexpr (listed_record<std::remove_const_t<T>>)
    return flow_fields(value);
  else
    return boost::pfr::structure_tie(value);
}

template <class... Ts>
struct type_list {};

template <class T>
struct field_types;

template <class... Ts>
struct field_types<std::tuple<Ts...>> {
  using type = type_list<std::remove_cvref_t<Ts>...>;
};

template <class T>
using field_types_of =
  typename field_types<decltype(fields_of(std::declval<const T&>()))>::type;

template <class... Ts>
consteval bool all_relocatable(type_list<Ts...>) {
  return (is_trivially_relocatable<Ts> && ...);
}

/// Only where the language says nothing, and never by a listing, which may
/// leave fields out.
template <class T>
concept relocation_by_fields =
  !std::is_trivially_copyable_v<T> && pfr_record<T>;

} // namespace flow::detail

namespace flow {

template <class T>
requires detail::relocation_by_fields<T>
inline constexpr bool is_trivially_relocatable<T> =
  detail::all_relocatable(detail::field_types_of<T>{});

} // namespace flow
