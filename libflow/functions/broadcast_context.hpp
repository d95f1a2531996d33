#pragma once

#include <map>
#include <stdexcept>
#include <utility>

#include "libflow/functions/function.hpp"
#include "libflow/functions/keyed_context.hpp"
#include "libflow/state/operator_state.hpp"

namespace flow {

namespace detail {

/// The broadcast states of one operator, and whether its function is called
/// for a record of the broadcast side just now.
struct broadcast_side {
  operator_state_store store;
  bool writing = false;
};

} // namespace detail

/// A map that is the same in every subtask. It is written only while a record
/// of the broadcast side is processed, the same records in the same order
/// everywhere; a write elsewhere throws std::logic_error.
/// Owner: a cheap handle; the operator outlives it. @thread the subtask
template <class Key, class Value>
class broadcast_map {
public:
  /// Names no state; a member of a function object before `open`.
  broadcast_map() = default;

  broadcast_map(broadcast_state<Key, Value>& state,
                const detail::broadcast_side& side) noexcept
    : state_(&state), side_(&side) {}

  /// Valid until the next change; nullptr if absent.
  [[nodiscard]] const Value* find(const Key& key) const {
    return state_->find(key);
  }
  /// In the order of keys.
  [[nodiscard]] const std::map<Key, Value>& entries() const noexcept {
    return state_->entries();
  }

  void put(Key key, Value value) {
    writable().set(std::move(key), std::move(value));
  }
  bool erase(const Key& key) { return writable().erase(key); }
  void clear() { writable().clear(); }

  /// Engine: the state itself.
  [[nodiscard]] const broadcast_state<Key, Value>& read() const noexcept {
    return *state_;
  }
  [[nodiscard]] broadcast_state<Key, Value>& writable() {
    if (!side_->writing)
      throw std::logic_error{
        "broadcast state is written only while a record of the broadcast side "
        "is processed: else its copies would differ"};
    return *state_;
  }

private:
  broadcast_state<Key, Value>* state_ = nullptr;
  const detail::broadcast_side* side_ = nullptr;
};

/// What `open` of a function with a broadcast side is given beside what
/// `Context` is: its broadcast states. Only in `open`.
/// @thread the subtask; the reference is valid until `close` returns
template <class Context>
class with_broadcast : public Context {
public:
  template <class... Args>
  explicit with_broadcast(detail::broadcast_side& side, Args&&... args)
    : Context(std::forward<Args>(args)...), side_(&side) {}

  /// Throws std::invalid_argument when the name stands for another type.
  template <class Key, class Value>
  [[nodiscard]] broadcast_map<Key, Value>
  broadcast(const broadcast_state_descriptor<Key, Value>& descriptor) {
    auto found = side_->store.broadcast(descriptor);
    if (!found)
      throw std::invalid_argument{found.error().text};
    return {**found, *side_};
  }

private:
  detail::broadcast_side* side_; // not owned
};

using broadcast_runtime_context = with_broadcast<runtime_context>;

template <class K>
using keyed_broadcast_runtime_context =
  with_broadcast<keyed_runtime_context<K>>;

/// What a keyed function may ask while a record of its broadcast side is
/// processed. No key is current: keyed state and timers are out of reach, but
/// for what `apply_to_keyed_state` shows.
/// @thread the subtask; valid during the call only
template <class K>
class keyed_broadcast_context : public process_context {
public:
  keyed_broadcast_context(side_outputs& sides, const clock* time,
                          keyed_state_store<K>& states)
    : process_context(sides, time), states_(&states) {}

  /// Calls f(const K&, state) for every key that has the state, with that key
  /// current. f may change the state. A walk over all keys of the subtask.
  template <class State, class F>
  void apply_to_keyed_state(State& state, F&& f) {
    states_->for_each_key(state, std::forward<F>(f));
  }

private:
  keyed_state_store<K>* states_; // not owned
};

} // namespace flow
