#pragma once

#include <cstdint>

#include "libflow/api/stream_environment.hpp"
#include "libflow/core/text.hpp"
#include "libflow/operators/keyed_process.hpp"
#include "libflow/windows/slice_bytes.hpp"
#include "libflow/windows/slice_store.hpp"
#include "libflow/windows/tumbling.hpp"

/// What streams of texts and of numbers have in common in every job, compiled
/// once in the library: a job pays the compiler for its own types alone.
namespace flow {

#define FLOW_COMMON_RECORD(extern_or_not, T)                                   \
  extern_or_not template class record_batch<T>;                                \
  extern_or_not template class null_receiver<T>;                               \
  extern_or_not template class fan_out<T>;                                     \
  extern_or_not template class source_operator<T>;                             \
  extern_or_not template class sink_operator<T>;                               \
  extern_or_not template class pausable_operator<T, T>;                        \
  extern_or_not template class batch_writer<T, whole_router>;                  \
  extern_or_not template class batch_writer<T, spread_router>;                 \
  extern_or_not template class typed_batch_codec<T, void>;                     \
  extern_or_not template struct typed_record_type<T>;                          \
  extern_or_not template struct plain_exchange<T>;                             \
  extern_or_not template void guarding_operator::leave_out(const T&,           \
                                                           timestamp);         \
  extern_or_not template struct detail::source_code<T>;                        \
  extern_or_not template data_stream<T> stream_environment::from_source(       \
    std::shared_ptr<const source<T>>);

/// A table of T per key of this type.
#define FLOW_COMMON_TABLE(extern_or_not, Key, T)                               \
  extern_or_not template class segmented_table<Key, T>;                        \
  extern_or_not template class table_snapshot<Key, T>;                         \
  extern_or_not template class detail::table_snapshot_part<Key, no_namespace,  \
                                                           T>;

/// A count per key of this type, with or without a time to live.
#define FLOW_COMMON_KEY(extern_or_not, Key)                                    \
  FLOW_COMMON_TABLE(extern_or_not, Key, std::int64_t)                          \
  FLOW_COMMON_TABLE(extern_or_not, Key, detail::timed<std::int64_t>)           \
  extern_or_not template class detail::keyed_value_cell<Key, std::int64_t>;    \
  extern_or_not template class detail::scoped_cell<Key, no_namespace,          \
                                                   std::int64_t, true>;        \
  extern_or_not template class keyed_part<Key>;                                \
  extern_or_not template class keyed_state_store<Key>;                         \
  extern_or_not template expected<value_state<std::int64_t>>                   \
  keyed_state_store<Key>::folded(                                              \
    state_format::state_kind, const value_state_descriptor<std::int64_t>&,     \
    std::int64_t, const state_scope<no_namespace>*);

/// A count per key of this type and window of a clock's grid.
#define FLOW_COMMON_WINDOWS(extern_or_not, Key)                                \
  extern_or_not template class slice_store<Key, std::int64_t>;                 \
  extern_or_not template class slices_snapshot<Key, std::int64_t>;             \
  extern_or_not template class deferred_state_of<                              \
    slices_snapshot<Key, std::int64_t>>;                                       \
  extern_or_not template expected<void> read_slices(                           \
    std::span<const std::byte>, const slice_header&, const tumbling_windows&,  \
    key_group_range, timestamp, slice_store<Key, std::int64_t>&);

// clang before 16 instantiates members whose constraints do not hold.
#if defined(__clang__) && __clang_major__ < 16
#define FLOW_COMMON_TYPES 0
#else
#define FLOW_COMMON_TYPES 1
#endif

#if FLOW_COMMON_TYPES
FLOW_COMMON_RECORD(extern, text)
FLOW_COMMON_RECORD(extern, std::int64_t)
FLOW_COMMON_KEY(extern, text)
FLOW_COMMON_KEY(extern, std::int64_t)
FLOW_COMMON_WINDOWS(extern, text)
FLOW_COMMON_WINDOWS(extern, std::int64_t)
#endif

} // namespace flow
