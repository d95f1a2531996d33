#pragma once

#include <type_traits>

namespace flow {

/// Whether objects of a type may move by memcpy, the old place being forgotten
/// without a destructor. True for what the language calls trivially copyable
/// and for types that specialise it; core/codec.hpp adds the question for
/// aggregates (`is_relocatable_record`).
template <class T>
inline constexpr bool is_trivially_relocatable =
  std::is_trivially_copyable_v<T>;

} // namespace flow
