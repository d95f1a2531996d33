#pragma once

#include <concepts>
#include <type_traits>
#include <utility>

#include "libflow/functions/collector.hpp"
#include "libflow/functions/context.hpp"

namespace flow {

/// Function objects may have `void open(runtime_context&)` and
/// `void close()`; each subtask works on a copy of its own, made when the job
/// is deployed. Lambdas do as they are.
template <class Function, class Context>
concept has_open = requires(Function& f, Context& c) {
  f.open(c);
};

template <class Function>
concept has_close = requires(Function& f) {
  f.close();
};

template <class Function, class Context>
void open_function(Function& function, Context& context) {
  if constexpr (has_open<Function, Context>)
    function.open(context);
}

template <class Function>
void close_function(Function& function) {
  if constexpr (has_close<Function>)
    function.close();
}

/// Functions may have `void restored()`: called once, behind `open` and before
/// any record, in an attempt that goes on from a snapshot which knows their
/// operator. Their states have their contents then; no key is current.
template <class Function>
concept has_restored = requires(Function& f) {
  f.restored();
};

template <class Function>
void tell_restored(Function& function) {
  if constexpr (has_restored<Function>)
    function.restored();
}

/// Functions that emit to a collector may have `void end_batch(
/// collector<Out>&)`: called after some of the records of a batch, at most 256,
/// which stay valid until it returns. For functions that combine what they
/// emit; nothing may be held back beyond it, or a checkpoint would miss it.
template <class Function, class Out>
concept has_end_batch = requires(Function& f, collector<Out>& out) {
  f.end_batch(out);
};

template <class Function, class Out>
void end_batch_of(Function& function, collector<Out>& out) {
  if constexpr (has_end_batch<Function, Out>)
    function.end_batch(out);
}

/// What a map function makes of a T.
template <class Function, class T>
using map_result =
  std::remove_cvref_t<std::invoke_result_t<Function&, const T&>>;

template <class Function, class T>
concept map_function = std::invocable<Function&, const T&> && !std::is_void_v<
  std::invoke_result_t<Function&, const T&>>;

template <class Function, class T>
concept filter_function = std::predicate<Function&, const T&>;

template <class Function, class T, class Out>
concept flat_map_function = std::invocable < Function&,
        const T&, collector<Out>
& > ;

template <class Function, class T, class Out>
concept process_function = std::invocable < Function&,
        const T&, process_context&, collector<Out>
& > ;

template <class Function, class T>
concept reduce_function =
  std::invocable<Function&, const T&, const T&> && std::convertible_to<
    std::invoke_result_t<Function&, const T&, const T&>, T>;

} // namespace flow
