#pragma once

#include <optional>
#include <string>

#include "libflow/core/limits.hpp"
#include "libflow/functions/keyed_context.hpp"
#include "libflow/operators/operator.hpp"
#include "libflow/operators/user_error.hpp"

namespace flow {

/// The timers of one keyed function, and their firing; nothing at all for a
/// function without `on_timer`.
/// Owner: the function's operator. @thread the subtask
template <class K, class Out, class Function>
class function_timers {
public:
  static constexpr bool exist = has_on_timer<Function, K, Out>;

  /// Makes the timers in the operator's state; before restore.
  void open(keyed_state_store<K>& store, const clock* time) {
    time_ = time;
    if constexpr (exist)
      timers_ = store.template timers<no_namespace>("timers").value();
  }

  /// For the contexts of the function; null without `on_timer`.
  [[nodiscard]] timer_service<K>* service() noexcept {
    return timers_ ? &*timers_ : nullptr;
  }

  [[nodiscard]] std::optional<timestamp> next_processing() const {
    return timers_ ? timers_->next_processing() : std::nullopt;
  }
  [[nodiscard]] timer_counts counts() const {
    if (!timers_)
      return {};
    return {timers_->event_count(), timers_->processing_count()};
  }
  [[nodiscard]] timer_counts counts(const K& key) const {
    if (!timers_)
      return {};
    return {timers_->event_count(key), timers_->processing_count(key)};
  }

  /// What firing needs of the operator.
  struct firing {
    const std::string& name;
    Function& function;
    collector<Out>& out;
    side_outputs& sides;
    timestamp watermark;
  };

  /// Fires some of the timers that are due at `upto`; true when none is left.
  bool fire(time_domain domain, timestamp upto, const firing& with) {
    if constexpr (!exist) {
      return true;
    } else {
      timer_context<K> context{with.sides, time_, service()};
      context.fire(domain);
      timestamp at = upto;
      bool done = true;
      guard_user_code(
        with.name, [&] { done = fire_some(domain, upto, with, context, at); },
        [&] { return "timer at " + std::to_string(at); });
      return done;
    }
  }

private:
  bool fire_some(time_domain domain, timestamp upto, const firing& with,
                 timer_context<K>& context, timestamp& at) {
    std::size_t fired = 0;
    const auto one = [&](const due_timer<K, no_namespace>& due) {
      at = due.time;
      const timestamp stamp =
        domain == time_domain::event ? due.time : min_timestamp;
      with.out.stamp(stamp);
      context.advance(stamp, with.watermark);
      context.select(due.key);
      with.function.on_timer(due.time, context, with.out);
      return ++fired % limits::records_per_amplifying_call != 0
             || has_room(with);
    };
    const bool done = domain == time_domain::event
                        ? timers_->fire_event(upto, *time_, one)
                        : timers_->fire_processing(upto, *time_, one);
    hand_on(with);
    return done;
  }

  static void hand_on(const firing& with) {
    with.out.flush();
    with.sides.flush();
  }
  static bool has_room(const firing& with) {
    hand_on(with);
    return !with.out.full() && !with.sides.full();
  }

  std::optional<timer_service<K>> timers_;
  const clock* time_ = nullptr;
};

} // namespace flow
