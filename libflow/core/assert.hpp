#pragma once

#include <string_view>

namespace flow {

/// Prints where and what to stderr and aborts. For broken invariants only; a
/// user's mistake is an `error` (core/error.hpp).
/// @thread any
[[noreturn]] void invariant_failed(const char* file, int line,
                                   const char* condition,
                                   std::string_view facts) noexcept;

} // namespace flow

/// Checked in every build type. `facts` is any expression that converts to
/// std::string_view; it is evaluated only on failure.
#define FLOW_ASSERT(condition, facts)                                          \
  do {                                                                         \
    if (!(condition)) [[unlikely]]                                             \
      ::flow::invariant_failed(__FILE__, __LINE__, #condition, facts);         \
  } while (false)
