#pragma once

#include <memory>
#include <string>
#include <utility>

#include "libflow/api/data_stream.hpp"
#include "libflow/core/owned.hpp"
#include "libflow/operators/async_operator.hpp"

/// Streams that ask somebody else: `data_stream::async_ordered` and
/// `async_unordered`.
namespace flow {

template <class T>
template <class Out, class Function>
data_stream<Out> data_stream<T>::add_async(Function function, async_order order,
                                           async_options options) const {
  static_assert(detail::fits<async_function<Function, T, Out>>,
                "flow: an asynchronous operator needs a function void(const "
                "T&, async_promise<Out>)");
  FLOW_ASSERT(options.capacity > 0 && options.attempts > 0,
              "an asynchronous operator makes at least one request");
  auto result = add<Out>(
    operator_kind::async, [function = std::move(function), order, options](
                            const std::string& name, receiver<Out>& out) {
      return make_owned<operator_base, async_operator<T, Out, Function>>(
        name, out, function, order, options);
    });
  result.last().stateful = true; // records whose answers are outstanding
  return result;
}

template <class T>
template <class Out, class Function>
data_stream<Out> data_stream<T>::async_ordered(Function function,
                                               async_options options) const {
  return add_async<Out>(std::move(function), async_order::ordered, options);
}

template <class T>
template <class Out, class Function>
data_stream<Out> data_stream<T>::async_unordered(Function function,
                                                 async_options options) const {
  return add_async<Out>(std::move(function), async_order::unordered, options);
}

} // namespace flow
