#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "libflow/state/timer_queue.hpp"
#include "libflow/time/firing_step.hpp"

namespace flow {

template <class K>
class keyed_state_store;

/// Event-time and processing-time timers of one operator, each of the key and
/// namespace for which it was registered. The key is the store's current one;
/// it is the timer's again while the timer fires.
///
/// A timer is a time, a key and a namespace: registering it twice is
/// registering it once; deleting one that does not exist does nothing. Those in
/// event time and those in processing time know nothing of each other.
/// Owner: the keyed_state_store, which also snapshots and restores it.
/// @thread the operator's
template <class K, class N = no_namespace>
class timer_service {
public:
  timer_service(keyed_state_store<K>& store, timer_queue<K, N>& event,
                timer_queue<K, N>& processing)
    : store_(&store), event_(&event), processing_(&processing) {}

  /// A time that the watermark has passed is no error: the timer fires at the
  /// next watermark, or in the same firing when registered from a timer.
  bool register_event(timestamp time, const N& space = {}) {
    return add(*event_, time, space);
  }
  bool delete_event(timestamp time, const N& space = {}) {
    return remove(*event_, time, space);
  }
  bool register_processing(timestamp time, const N& space = {}) {
    return add(*processing_, time, space);
  }
  bool delete_processing(timestamp time, const N& space = {}) {
    return remove(*processing_, time, space);
  }

  /// Fires what is due at `watermark` or before, in the order of time, also
  /// what is registered meanwhile: `f(const due_timer<K, N>&)` with the timer's
  /// key current. f returns false to end the step early. No key is current
  /// afterwards.
  /// @return whether nothing is due any more; else call again, in a step of
  ///         its own
  template <class F>
  [[nodiscard]] bool fire_event(timestamp watermark, const clock& time, F&& f) {
    return fire(*event_, watermark, time, f);
  }
  /// The same for processing time: `now` by the wall clock.
  template <class F>
  [[nodiscard]] bool fire_processing(timestamp now, const clock& time, F&& f) {
    return fire(*processing_, now, time, f);
  }

  [[nodiscard]] std::optional<timestamp> next_event() const noexcept {
    return event_->next();
  }
  [[nodiscard]] std::optional<timestamp> next_processing() const noexcept {
    return processing_->next();
  }

  /// Registered timers, in all and of one key (a walk over all).
  [[nodiscard]] std::size_t event_count() const noexcept {
    return event_->size();
  }
  [[nodiscard]] std::size_t processing_count() const noexcept {
    return processing_->size();
  }
  [[nodiscard]] std::size_t event_count(const K& key) const {
    return event_->size_of(key);
  }
  [[nodiscard]] std::size_t processing_count(const K& key) const {
    return processing_->size_of(key);
  }

private:
  bool add(timer_queue<K, N>& queue, timestamp time, const N& space) {
    return queue.add(store_->current_key(), store_->current_hash(), space,
                     time);
  }
  bool remove(timer_queue<K, N>& queue, timestamp time, const N& space) {
    return queue.remove(store_->current_key(), store_->current_hash(), space,
                        time);
  }

  template <class F>
  bool fire(timer_queue<K, N>& queue, timestamp upto, const clock& time, F& f) {
    firing_step step{time};
    bool goes_on = true;
    while (goes_on && step.take()) {
      auto due = queue.pop_due(upto);
      if (!due)
        break;
      store_->select(due->key, due->hash);
      goes_on = f(std::as_const(*due));
    }
    store_->end_block();
    const auto next = queue.next();
    return !next || *next > upto;
  }

  keyed_state_store<K>* store_;
  timer_queue<K, N>* event_;
  timer_queue<K, N>* processing_;
};

} // namespace flow
