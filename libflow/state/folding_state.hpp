#pragma once

#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include "libflow/state/aggregate_function.hpp"
#include "libflow/state/value_cell.hpp"

namespace flow {

/// What was added under a key, made one by `T(const T&, const T&)`.
/// Owner: a cheap handle; the operator's keyed_state_store must outlive it.
/// References are valid until the next call on any state of the operator.
/// @thread the operator's
template <class T, class Function>
class reducing_state {
public:
  /// Names no state, as value_state's.
  reducing_state() = default;

  reducing_state(value_state<T> kept, std::shared_ptr<Function> function)
    : kept_(kept), function_(std::move(function)) {}

  void add(const T& value) {
    if (kept_.has_value())
      kept_.update([&](T& sum) {
        sum = std::invoke(*function_, std::as_const(sum), value);
      });
    else
      kept_.set(value);
  }

  /// The reduced value; the default where nothing was added.
  [[nodiscard]] const T& get() const { return kept_.value(); }
  [[nodiscard]] bool has_value() const { return kept_.has_value(); }
  void clear() { kept_.clear(); }

  /// Engine: where the values are.
  [[nodiscard]] detail::any_cell* cell() const noexcept { return kept_.cell(); }

private:
  value_state<T> kept_;
  std::shared_ptr<Function> function_;
};

/// What was added under a key, in the accumulator of an aggregate function.
/// Owner, references, thread: as reducing_state.
template <class In, class Function>
requires aggregate_function<Function, In>
class aggregating_state {
public:
  using accumulator = accumulator_type<Function>;

  /// Names no state, as value_state's.
  aggregating_state() = default;

  aggregating_state(value_state<accumulator> kept,
                    std::shared_ptr<Function> function)
    : kept_(kept), function_(std::move(function)) {}

  void add(const In& value) {
    kept_.update([&](accumulator& acc) {
      if constexpr (std::is_void_v<decltype(function_->add(acc, value))>)
        function_->add(acc, value);
      else
        acc = function_->add(acc, value);
    });
  }

  /// The result of the accumulator, of a fresh one where nothing was added.
  [[nodiscard]] aggregate_result<Function> get() const {
    return function_->result(kept_.value());
  }
  [[nodiscard]] bool has_value() const { return kept_.has_value(); }
  void clear() { kept_.clear(); }

  /// Engine: where the values are.
  [[nodiscard]] detail::any_cell* cell() const noexcept { return kept_.cell(); }

private:
  value_state<accumulator> kept_;
  std::shared_ptr<Function> function_;
};

namespace detail {

template <class Function>
[[nodiscard]] accumulator_type<Function> fresh_accumulator(Function& function) {
  if constexpr (makes_accumulator<Function>)
    return function.create_accumulator();
  else
    return {};
}

} // namespace detail

} // namespace flow
