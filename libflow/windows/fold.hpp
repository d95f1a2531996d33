#pragma once

#include <functional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "libflow/functions/function.hpp"
#include "libflow/state/aggregate_function.hpp"

namespace flow {

/// Whether an aggregate function can make one accumulator of two, by
/// `merge(acc, other)`: windows that merge or that share slices need it.
template <class F>
concept mergeable_aggregate = requires(F& f, accumulator_type<F>& acc,
                                       const accumulator_type<F>& other) {
  f.merge(acc, other);
};

/// Whether an aggregate function can take an accumulator off another it was
/// merged into, by `retract(acc, other)`. It has to be exact: of integers, not
/// of floating-point numbers.
template <class F>
concept retractable_aggregate = requires(F& f, accumulator_type<F>& acc,
                                         const accumulator_type<F>& other) {
  f.retract(acc, other);
};

/// Folds: how a window operator keeps the records of one key and window, and
/// what it makes of them. One shape for all, called in the operator's loop:
/// `accumulator`, `add(acc, fresh, value)` where a fresh accumulator is
/// value-initialised, `merge(acc, other)` where it can, `result(acc)`, `open`
/// and `close`.

/// Keeps one record, made by `T(const T&, const T&)`.
template <class T, class Function>
class reduce_fold {
public:
  using accumulator = T;
  static constexpr bool retracts = false;

  explicit reduce_fold(Function function) : function_(std::move(function)) {}

  void add(T& acc, bool fresh, const T& value) {
    if (fresh)
      acc = value;
    else
      acc = std::invoke(function_, std::as_const(acc), value);
  }
  void merge(T& acc, const T& other) {
    acc = std::invoke(function_, std::as_const(acc), other);
  }
  [[nodiscard]] const T& result(const T& acc) const noexcept { return acc; }

  void open(runtime_context& context) { open_function(function_, context); }
  void close() { close_function(function_); }

private:
  Function function_;
};

/// Keeps the accumulator of an aggregate function.
template <class In, class Function>
requires aggregate_function<Function, In>
class aggregate_fold {
public:
  using accumulator = accumulator_type<Function>;
  static constexpr bool retracts = retractable_aggregate<Function>;

  explicit aggregate_fold(Function function) : function_(std::move(function)) {}

  void add(accumulator& acc, [[maybe_unused]] bool fresh, const In& value) {
    if constexpr (detail::makes_accumulator<Function>) {
      if (fresh)
        acc = function_.create_accumulator();
    }
    if constexpr (std::is_void_v<decltype(function_.add(acc, value))>)
      function_.add(acc, value);
    else
      acc = function_.add(acc, value);
  }
  void merge(accumulator& acc,
             const accumulator& other) requires mergeable_aggregate<Function> {
    if constexpr (std::is_void_v<decltype(function_.merge(acc, other))>)
      function_.merge(acc, other);
    else
      acc = function_.merge(acc, other);
  }
  void
  retract(accumulator& acc,
          const accumulator& other) requires retractable_aggregate<Function> {
    function_.retract(acc, other);
  }
  [[nodiscard]] aggregate_result<Function> result(const accumulator& acc) {
    return function_.result(acc);
  }

  void open(runtime_context& context) { open_function(function_, context); }
  void close() { close_function(function_); }

private:
  Function function_;
};

/// Keeps the records themselves, in the order of arrival.
template <class In>
class collect_fold {
public:
  using accumulator = std::vector<In>;

  void add(accumulator& acc, bool, const In& value) { acc.push_back(value); }
  void merge(accumulator& acc, const accumulator& other) {
    acc.insert(acc.end(), other.begin(), other.end());
  }
  [[nodiscard]] std::span<const In>
  result(const accumulator& acc) const noexcept {
    return acc;
  }

  void open(runtime_context&) {}
  void close() {}
};

/// Emission: what becomes of the result of a fold.

/// Emits it as it is.
struct emit_result {
  /// Whether it asks for more than where it runs when it opens.
  template <class Context>
  static constexpr bool opens_with = false;

  template <class Context, class Result, class Out>
  void operator()(const Context&, Result&& result, collector<Out>& out) {
    out.emit(std::forward<Result>(result));
  }

  template <class Context>
  void open(Context&) {}
  void close() {}
};

/// What an author calls a window with: a call operator, or a member `process`.
template <class Function, class Context, class Content, class Out>
concept window_function = requires(Function& f, const Context& context,
                                   const Content& content,
                                   collector<Out>& out) {
  f.process(context, content, out);
}
|| requires(Function& f, const Context& context, const Content& content,
            collector<Out>& out) {
  f(context, content, out);
};

/// Hands it to the author's
/// `void(const window_context<K>&, const Result&, collector<Out>&)`, a call
/// operator or a member `process`; with collect_fold the result is
/// `std::span<const In>`.
template <class Function>
class process_result {
public:
  template <class Context>
  static constexpr bool opens_with =
    has_open<Function, Context> && !has_open<Function, runtime_context>;

  explicit process_result(Function function) : function_(std::move(function)) {}

  template <class Context, class Result, class Out>
  void operator()(const Context& context, const Result& result,
                  collector<Out>& out) {
    if constexpr (requires { function_.process(context, result, out); })
      function_.process(context, result, out);
    else
      function_(context, result, out);
  }

  template <class Context>
  void open(Context& context) {
    open_function(function_, context);
  }
  void close() { close_function(function_); }

  /// The window goes: the author's `void clear(const window_context&)` drops
  /// what it kept for it.
  template <class Context>
  requires requires(Function& f, const Context& c) { f.clear(c); }
  void clear(const Context& context) { function_.clear(context); }

private:
  Function function_;
};

} // namespace flow
