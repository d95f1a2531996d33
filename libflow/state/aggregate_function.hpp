#pragma once

#include <concepts>
#include <type_traits>
#include <utility>

namespace flow {

namespace detail {

template <class F>
concept makes_accumulator = requires(F& f) {
  f.create_accumulator();
};

template <class F>
struct accumulator_of {};

template <makes_accumulator F>
struct accumulator_of<F> {
  using type =
    std::remove_cvref_t<decltype(std::declval<F&>().create_accumulator())>;
};

template <class F>
requires(!makes_accumulator<F> && requires {
  typename F::accumulator;
}) struct accumulator_of<F> {
  using type = typename F::accumulator;
};

} // namespace detail

/// What an aggregate function keeps per key and window: what its
/// `create_accumulator()` returns, else its member type `accumulator`.
template <class F>
using accumulator_type = typename detail::accumulator_of<F>::type;

/// A function that keeps a small value per key and window instead of the
/// records:
///
///     struct average {
///       struct accumulator { std::int64_t sum = 0; std::int64_t count = 0; };
///       void add(accumulator& acc, const bid& b) { ... }
///       double result(const accumulator& acc) { ... }
///     };
///
/// `create_accumulator()` is needed only where a value-initialised one will
/// not do. `add` changes the accumulator or returns the new one. `merge(acc,
/// other)` is optional; windows that share slices need it.
template <class F, class In>
concept aggregate_function = requires(F& f, accumulator_type<F>& acc,
                                      const accumulator_type<F>& done,
                                      const In& value) {
  requires std::default_initializable<accumulator_type<F>>;
  f.add(acc, value);
  f.result(done);
};

/// What the `result` of an aggregate function returns.
template <class F>
using aggregate_result = std::remove_cvref_t<decltype(std::declval<F&>().result(
  std::declval<const accumulator_type<F>&>()))>;

} // namespace flow
