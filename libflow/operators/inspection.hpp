#pragma once

#include <cstddef>
#include <vector>

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

/// A record that is held until a time.
template <class T>
struct held_record {
  T value;
  timestamp stamp = min_timestamp;
  friend bool operator==(const held_record&, const held_record&) = default;
};

/// The records of one key that may still have a partner, in the order of time.
template <class A, class B>
struct join_buffers {
  std::vector<held_record<A>> left;
  std::vector<held_record<B>> right;
};

/// Of joins by time, of A and B over keys of type K.
template <class K, class A, class B>
class join_inspection {
public:
  [[nodiscard]] virtual join_buffers<A, B> buffers_of(const K& key) = 0;

protected:
  ~join_inspection() = default;
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
