#pragma once

#include <functional>
#include <utility>

#include "libflow/functions/collector.hpp"
#include "libflow/functions/function.hpp"

namespace flow {

namespace detail {

/// Two functions that live together.
template <class First, class Second>
class function_pair {
public:
  function_pair(First first, Second second)
    : first_(std::move(first)), second_(std::move(second)) {}

  void open(runtime_context& context) {
    open_function(first_, context);
    open_function(second_, context);
  }
  void restored() {
    tell_restored(first_);
    tell_restored(second_);
  }
  void close() {
    close_function(first_);
    close_function(second_);
  }

protected:
  First first_;
  Second second_;
};

} // namespace detail

/// Two functions as one over two streams: `R(const A&)` and `R(const B&)`,
/// whose results are emitted.
template <class First, class Second>
class co_map_function : public detail::function_pair<First, Second> {
public:
  using detail::function_pair<First, Second>::function_pair;

  template <class A, class Context, class Out>
  void process_first(const A& value, Context&, collector<Out>& out) {
    out.emit(Out(std::invoke(this->first_, value)));
  }
  template <class B, class Context, class Out>
  void process_second(const B& value, Context&, collector<Out>& out) {
    out.emit(Out(std::invoke(this->second_, value)));
  }
};

/// The same of `void(const A&, collector<Out>&)` and `void(const B&,
/// collector<Out>&)`.
template <class First, class Second>
class co_flat_map_function : public detail::function_pair<First, Second> {
public:
  using detail::function_pair<First, Second>::function_pair;

  template <class A, class Context, class Out>
  void process_first(const A& value, Context&, collector<Out>& out) {
    this->first_(value, out);
  }
  template <class B, class Context, class Out>
  void process_second(const B& value, Context&, collector<Out>& out) {
    this->second_(value, out);
  }
};

} // namespace flow
