#pragma once

#include <cstddef>

#include "libflow/operators/operator.hpp"

namespace flow {

/// What tests may ask of operators beyond operator_base; an operator that can
/// answer derives from these, and is found by a dynamic_cast.
/// @thread the subtask

/// Of operators whose records have keys of type K.
template <class K>
class keyed_inspection {
public:
  /// Timers that are registered for a key; may walk over the state.
  [[nodiscard]] virtual timer_counts timers_of(const K& key) = 0;

protected:
  ~keyed_inspection() = default;
};

/// Of operators that wait for answers.
class async_inspection {
public:
  /// Requests on their way.
  [[nodiscard]] virtual std::size_t in_flight() const noexcept = 0;
  /// Whether the request of one more record would be made at once.
  [[nodiscard]] virtual bool can_accept() const noexcept = 0;

protected:
  ~async_inspection() = default;
};

} // namespace flow
