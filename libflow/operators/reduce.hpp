#pragma once

#include <optional>
#include <type_traits>

#include "libflow/functions/function.hpp"
#include "libflow/functions/keyed_context.hpp"
#include "libflow/operators/keyed_blocks.hpp"
#include "libflow/operators/one_input.hpp"

namespace flow {

/// Rolling reduce: for each record, the record made of all records of its key
/// so far, by `T(const T&, const T&)`; the first of a key as it is.
template <class T, class Selector, class Function>
class reduce_operator final : public streamlined_operator<T, T> {
  using base = streamlined_operator<T, T>;

public:
  using key_type = key_of<T, Selector>;

  reduce_operator(std::string name, receiver<T>& out, Selector selector,
                  Function function)
    : base(std::move(name), out), blocks_(std::move(selector)),
      function_(std::move(function)) {}

  void open(const operator_context& context) override {
    auto& states = blocks_.open(context);
    reduced_ =
      states.value(detail::lasting_value_descriptor<T>{"reduce"}).value();
    keyed_runtime_context<key_type> runtime{context.place, states,
                                            &this->operator_states_};
    guard_user_code(
      this->name(), [&] { open_function(function_, runtime); },
      [] { return std::string{}; });
  }

  void receive(record_batch_ptr<T> batch) override {
    const auto values = std::as_const(*batch).values();
    const auto stamps = batch->timestamps();
    auto reduced = record_batch<T>::make();
    std::size_t at = 0;
    this->guard_records(at, values.size(), values, stamps, [&] {
      blocks_.for_each(*batch, at, values.size(),
                       [&](std::size_t index, const key_type&) {
                         at = index;
                         add(values[at]);
                         reduced->append(reduced_.value(), stamps[at]);
                       });
      at = values.size();
    });
    this->sides_.flush();
    this->counts_.records_in += values.size();
    this->counts_.records_out += reduced->size();
    if (!reduced->empty())
      this->out_->receive(std::move(reduced));
  }

  [[nodiscard]] operator_capture capture(const snapshot_context&) override {
    return blocks_.capture();
  }
  expected<void> restore(std::span<const operator_snapshot> parts) override {
    return blocks_.restore(parts);
  }
  [[nodiscard]] std::size_t state_bytes() const override {
    return blocks_.bytes();
  }

  void close() override { close_function(function_); }

private:
  void add(const T& value) {
    if (reduced_.has_value())
      reduced_.update(
        [&](T& sum) { sum = function_(std::as_const(sum), value); });
    else
      reduced_.set(value);
  }

  keyed_blocks<T, Selector> blocks_;
  Function function_;
  value_state<T> reduced_; // from open on
};

/// Reduces over one field of the records; the other fields are those of the
/// key's first record.
template <class T, class Field, class Combine>
struct field_reduce {
  Field T::*field;
  Combine combine;

  T operator()(const T& a, const T& b) const {
    T result = a;
    result.*field = static_cast<Field>(combine(a.*field, b.*field));
    return result;
  }
};

/// The sum of a field over all records of a key.
template <class T, class Field>
auto sum_of(Field T::*field) {
  auto add = [](const Field& a, const Field& b) { return a + b; };
  return field_reduce<T, Field, decltype(add)>{field, add};
}

/// The least value of a field.
template <class T, class Field>
auto min_of(Field T::*field) {
  auto less = [](const Field& a, const Field& b) { return b < a ? b : a; };
  return field_reduce<T, Field, decltype(less)>{field, less};
}

/// The largest value of a field.
template <class T, class Field>
auto max_of(Field T::*field) {
  auto more = [](const Field& a, const Field& b) { return a < b ? b : a; };
  return field_reduce<T, Field, decltype(more)>{field, more};
}

} // namespace flow
