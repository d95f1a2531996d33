#pragma once

#include <tuple>

#include "libflow/core/codec_fields.hpp"

namespace flow {

/// Calls f(const Field&) for every field of a record, in the order in which the
/// codec writes them; a field that is a struct is one call.
/// @pre T is an aggregate, or lists its fields with FLOW_FIELDS
template <class T, class F>
constexpr void for_each_field(const T& value, F&& f) {
  std::apply([&](const auto&... fields) { (f(fields), ...); },
             detail::fields_of(value));
}

} // namespace flow
