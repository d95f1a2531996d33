#pragma once

#include <stdexcept>
#include <utility>

#include "libflow/functions/context.hpp"
#include "libflow/state/keyed_state.hpp"
#include "libflow/time/time_domain.hpp"

namespace flow {

/// What `open` of a keyed function is given: where it runs, and its state.
/// @thread the subtask; the reference is valid until `close` returns
template <class K>
class keyed_runtime_context : public runtime_context {
public:
  keyed_runtime_context(const place& where, keyed_state_store<K>& states,
                        operator_state_store* of_operator = nullptr)
    : runtime_context(where, of_operator), states_(&states) {}

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
  explicit keyed_context(side_outputs& sides, const clock* time = nullptr,
                         timer_service<K>* timers = nullptr)
    : process_context(sides, time), timers_(timers) {}

  /// The record's key; the state handles give this key's values.
  [[nodiscard]] const K& key() const noexcept { return *key_; }

  /// Has `on_timer` called for this key when the watermark reaches `time`:
  /// once, however often it is registered. A time that the watermark has
  /// passed already fires at the next one.
  /// Throws std::logic_error where the function has no `on_timer`.
  void register_event_timer(timestamp time) { timers().register_event(time); }
  /// The same when the clock reaches `time`.
  void register_processing_timer(timestamp time) {
    timers().register_processing(time);
  }
  /// A timer that does not exist is no error.
  void delete_event_timer(timestamp time) { timers().delete_event(time); }
  void delete_processing_timer(timestamp time) {
    timers().delete_processing(time);
  }

  /// Engine: the next key.
  void select(const K& key) noexcept { key_ = &key; }

private:
  timer_service<K>& timers() {
    if (timers_ == nullptr)
      throw std::logic_error{"a function that registers timers needs a member "
                             "on_timer"};
    return *timers_;
  }

  const K* key_ = nullptr;
  timer_service<K>* timers_; // not owned; null: the function has no on_timer
};

/// What `on_timer` may ask: `record_timestamp()` is the timer's time in event
/// time, none in processing time, and what it emits carries it.
/// @thread the subtask; valid during the call only
template <class K>
class timer_context : public keyed_context<K> {
public:
  using keyed_context<K>::keyed_context;

  [[nodiscard]] time_domain domain() const noexcept { return domain_; }

  /// Engine: the next timer.
  void fire(time_domain domain) noexcept { domain_ = domain; }

private:
  time_domain domain_ = time_domain::event;
};

/// A function with `void on_timer(timestamp, timer_context<K>&,
/// collector<Out>&)`.
template <class Function, class K, class Out>
concept has_on_timer = requires(Function& f, timer_context<K>& context,
                                collector<Out>& out) {
  f.on_timer(timestamp{}, context, out);
};

} // namespace flow
