#pragma once

#include <stdexcept>
#include <utility>

#include "libflow/functions/context.hpp"
#include "libflow/state/keyed_state.hpp"

namespace flow {

/// What `open` of a keyed function is given: where it runs, and its state.
/// @thread the subtask; the reference is valid until `close` returns
template <class K>
class keyed_runtime_context : public runtime_context {
public:
  keyed_runtime_context(place where, keyed_state_store<K>& states)
    : runtime_context(std::move(where)), states_(&states) {}

  /// The state of that name: a handle to keep in the function, which gives the
  /// value of the key at hand in each call. Only in `open`: a restore fills
  /// the states that are known then.
  /// Throws std::invalid_argument, which fails the attempt, when the name
  /// stands for a state of another type.
  template <class T>
  [[nodiscard]] value_state<T>
  state(const value_state_descriptor<T>& descriptor) {
    return checked(states_->value(descriptor));
  }
  template <class T>
  [[nodiscard]] list_state<T>
  state(const list_state_descriptor<T>& descriptor) {
    return checked(states_->list(descriptor));
  }
  template <class MK, class MV>
  [[nodiscard]] map_state<MK, MV>
  state(const map_state_descriptor<MK, MV>& descriptor) {
    return checked(states_->map(descriptor));
  }
  template <class T, class Function>
  [[nodiscard]] reducing_state<T, Function>
  state(const reducing_state_descriptor<T, Function>& descriptor) {
    return checked(states_->reducing(descriptor));
  }
  template <class In, class Function>
  [[nodiscard]] aggregating_state<In, Function>
  state(const aggregating_state_descriptor<In, Function>& descriptor) {
    return checked(states_->aggregating(descriptor));
  }

private:
  template <class Handle>
  static Handle checked(expected<Handle> found) {
    if (!found)
      throw std::invalid_argument{found.error().text};
    return std::move(*found);
  }

  keyed_state_store<K>* states_; // not owned
};

/// What a keyed process function may ask about the record at hand.
/// @thread the subtask; valid during the call only
template <class K>
class keyed_context : public process_context {
public:
  using process_context::process_context;

  /// The record's key; the state handles give this key's values.
  [[nodiscard]] const K& key() const noexcept { return *key_; }

  /// Engine: the next key.
  void select(const K& key) noexcept { key_ = &key; }

private:
  const K* key_ = nullptr;
};

} // namespace flow
