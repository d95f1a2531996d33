#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

#include "libflow/core/assert.hpp"
#include "libflow/windows/assigners.hpp"
#include "libflow/windows/trigger.hpp"

namespace flow {

/// Fires when the time of its domain passes the end of the window; on event
/// time at once for a record that comes after it. The default of windows of
/// time.
class window_end_trigger : public trigger_base {
public:
  static constexpr bool can_merge = true;

  explicit window_end_trigger(time_domain domain) : domain_(domain) {}

  template <class T, class W>
  trigger_result on_element(const T&, timestamp, const W& window,
                            no_trigger_state&, trigger_context& context) {
    if (domain_ == time_domain::event
        && window.max_timestamp() <= context.current_watermark())
      return trigger_result::fire;
    add_timer(window, context);
    return trigger_result::proceed;
  }

  template <class W>
  trigger_result on_event_time(timestamp at, const W& window, no_trigger_state&,
                               trigger_context&) {
    return domain_ == time_domain::event && at == window.max_timestamp()
             ? trigger_result::fire
             : trigger_result::proceed;
  }
  template <class W>
  trigger_result on_processing_time(timestamp, const W&, no_trigger_state&,
                                    trigger_context&) {
    return domain_ == time_domain::processing ? trigger_result::fire
                                              : trigger_result::proceed;
  }

  template <class W>
  void on_merge(const W& window, no_trigger_state&, trigger_context& context) {
    const timestamp reached = domain_ == time_domain::event
                                ? context.current_watermark()
                                : context.current_processing_time();
    if (window.max_timestamp() > reached)
      add_timer(window, context);
  }

  template <class W>
  void clear(const W& window, no_trigger_state&, trigger_context& context) {
    if (domain_ == time_domain::event)
      context.delete_event_timer(window.max_timestamp());
    else
      context.delete_processing_timer(window.max_timestamp());
  }

private:
  template <class W>
  void add_timer(const W& window, trigger_context& context) {
    if (domain_ == time_domain::event)
      context.register_event_timer(window.max_timestamp());
    else
      context.register_processing_timer(window.max_timestamp());
  }

  time_domain domain_;
};

[[nodiscard]] inline window_end_trigger event_time_trigger() {
  return window_end_trigger{time_domain::event};
}
[[nodiscard]] inline window_end_trigger processing_time_trigger() {
  return window_end_trigger{time_domain::processing};
}

/// Fires at every n-th record of a key and window. It does not purge: what is
/// in the window grows on; see purging_trigger.
class count_trigger : public trigger_base {
public:
  using state = std::int64_t; // records since it fired
  static constexpr bool can_merge = true;

  /// @pre n > 0
  explicit count_trigger(std::int64_t n) : n_(n) {
    FLOW_ASSERT(n > 0, "a count trigger counts to 1 at least");
  }

  template <class T, class W>
  trigger_result on_element(const T&, timestamp, const W&, state& count,
                            trigger_context&) {
    if (++count < n_)
      return trigger_result::proceed;
    count = 0;
    return trigger_result::fire;
  }
  void merge_state(state& into, const state& from) { into += from; }

private:
  std::int64_t n_;
};

/// Fires at the multiples of an interval and at the end of the window.
class continuous_trigger : public trigger_base {
public:
  struct state {
    std::optional<timestamp> next; // its timer

    friend bool operator==(const state&, const state&) = default;
  };
  static constexpr bool can_merge = true;

  /// @pre interval > 0
  continuous_trigger(duration_ms interval, time_domain domain)
    : interval_(interval.count()), domain_(domain) {
    FLOW_ASSERT(interval_ > 0, "the interval of a trigger is above 0");
  }

  template <class T, class W>
  trigger_result on_element(const T&, timestamp at, const W& window,
                            state& kept, trigger_context& context) {
    if (domain_ == time_domain::event) {
      if (window.max_timestamp() <= context.current_watermark())
        return trigger_result::fire;
      context.register_event_timer(window.max_timestamp());
    } else {
      at = context.current_processing_time();
    }
    if (!kept.next)
      plan(window_start(at, 0, interval_), window, kept, context);
    return trigger_result::proceed;
  }

  template <class W>
  trigger_result on_event_time(timestamp at, const W& window, state& kept,
                               trigger_context& context) {
    if (domain_ != time_domain::event)
      return trigger_result::proceed;
    if (at == window.max_timestamp())
      return trigger_result::fire;
    return on_timer(at, window, kept, context);
  }
  template <class W>
  trigger_result on_processing_time(timestamp at, const W& window, state& kept,
                                    trigger_context& context) {
    return domain_ == time_domain::processing
             ? on_timer(at, window, kept, context)
             : trigger_result::proceed;
  }

  void merge_state(state& into, const state& from) {
    if (from.next)
      into.next = into.next ? std::min(*into.next, *from.next) : *from.next;
  }
  template <class W>
  void on_merge(const W&, state& kept, trigger_context& context) {
    if (kept.next)
      add_timer(*kept.next, context);
  }

  template <class W>
  void clear(const W& window, state& kept, trigger_context& context) {
    if (domain_ == time_domain::event)
      context.delete_event_timer(window.max_timestamp());
    if (kept.next && domain_ == time_domain::event)
      context.delete_event_timer(*kept.next);
    if (kept.next && domain_ == time_domain::processing)
      context.delete_processing_timer(*kept.next);
  }

private:
  template <class W>
  trigger_result on_timer(timestamp at, const W& window, state& kept,
                          trigger_context& context) {
    if (kept.next != at)
      return trigger_result::proceed;
    if (at < window.max_timestamp())
      plan(at, window, kept, context);
    else
      kept.next.reset(); // the last: this very time must not come again
    return trigger_result::fire;
  }

  template <class W>
  void plan(timestamp from, const W& window, state& kept,
            trigger_context& context) {
    kept.next =
      std::min(saturating_add(from, interval_), window.max_timestamp());
    add_timer(*kept.next, context);
  }

  void add_timer(timestamp at, trigger_context& context) {
    if (domain_ == time_domain::event)
      context.register_event_timer(at);
    else
      context.register_processing_timer(at);
  }

  timestamp interval_;
  time_domain domain_;
};

[[nodiscard]] inline continuous_trigger
continuous_event_time_trigger(duration_ms interval) {
  return {interval, time_domain::event};
}
[[nodiscard]] inline continuous_trigger
continuous_processing_time_trigger(duration_ms interval) {
  return {interval, time_domain::processing};
}

/// Fires when `delta(last, record)` is above a threshold; `last` is the record
/// at which it fired last, at first the first one.
template <class T, class Delta, class Threshold>
class delta_trigger : public trigger_base {
public:
  struct state {
    std::optional<T> last;

    friend bool operator==(const state&, const state&) = default;
  };

  delta_trigger(Threshold threshold, Delta delta)
    : threshold_(std::move(threshold)), delta_(std::move(delta)) {}

  template <class W>
  trigger_result on_element(const T& record, timestamp, const W&, state& kept,
                            trigger_context&) {
    if (!kept.last) {
      kept.last = record;
      return trigger_result::proceed;
    }
    if (!(std::invoke(delta_, std::as_const(*kept.last), record) > threshold_))
      return trigger_result::proceed;
    kept.last = record;
    return trigger_result::fire;
  }

private:
  Threshold threshold_;
  Delta delta_;
};

/// `delta_trigger_of<T>(threshold, f)`; f is `(const T&, const T&)`.
template <class T, class Threshold, class Delta>
[[nodiscard]] auto delta_trigger_of(Threshold threshold, Delta delta) {
  return delta_trigger<T, Delta, Threshold>{std::move(threshold),
                                            std::move(delta)};
}

/// Purges whenever another trigger fires.
template <class Inner>
class purging_trigger {
public:
  using state = typename Inner::state;
  static constexpr bool can_merge = Inner::can_merge;

  explicit purging_trigger(Inner inner) : inner_(std::move(inner)) {}

  template <class T, class W>
  trigger_result on_element(const T& record, timestamp at, const W& window,
                            state& kept, trigger_context& context) {
    return purged(inner_.on_element(record, at, window, kept, context));
  }
  template <class W>
  trigger_result on_event_time(timestamp at, const W& window, state& kept,
                               trigger_context& context) {
    return purged(inner_.on_event_time(at, window, kept, context));
  }
  template <class W>
  trigger_result on_processing_time(timestamp at, const W& window, state& kept,
                                    trigger_context& context) {
    return purged(inner_.on_processing_time(at, window, kept, context));
  }
  void merge_state(state& into, const state& from) {
    inner_.merge_state(into, from);
  }
  template <class W>
  void on_merge(const W& window, state& kept, trigger_context& context) {
    inner_.on_merge(window, kept, context);
  }
  template <class W>
  void clear(const W& window, state& kept, trigger_context& context) {
    inner_.clear(window, kept, context);
  }

private:
  static trigger_result purged(trigger_result result) noexcept {
    return fires(result) ? trigger_result::fire_and_purge : result;
  }

  Inner inner_;
};

/// What happens with the timer of a processing_timeout_trigger.
struct timeout_options {
  bool reset_on_element = true; ///< each record starts the time anew
  bool clear_on_timeout = true; ///< state and timers go once it has fired
};

/// Fires when another trigger fires, and also when that has not happened for
/// a while of processing time after the first record (or the last one).
template <class Inner>
class processing_timeout_trigger : public trigger_base {
public:
  struct state {
    typename Inner::state inner{};
    std::optional<timestamp> timeout; // its timer

    friend bool operator==(const state&, const state&) = default;
  };

  /// @pre timeout > 0
  processing_timeout_trigger(Inner inner, duration_ms timeout,
                             timeout_options options = {})
    : inner_(std::move(inner)), timeout_(timeout.count()), options_(options) {
    FLOW_ASSERT(timeout_ > 0, "a timeout is above 0");
  }

  template <class T, class W>
  trigger_result on_element(const T& record, timestamp at, const W& window,
                            state& kept, trigger_context& context) {
    const auto result =
      inner_.on_element(record, at, window, kept.inner, context);
    if (fires(result)) {
      clear(window, kept, context);
      return result;
    }
    if (kept.timeout && options_.reset_on_element) {
      context.delete_processing_timer(*kept.timeout);
      kept.timeout.reset();
    }
    if (!kept.timeout) {
      kept.timeout =
        saturating_add(context.current_processing_time(), timeout_);
      context.register_processing_timer(*kept.timeout);
    }
    return result;
  }

  template <class W>
  trigger_result on_event_time(timestamp at, const W& window, state& kept,
                               trigger_context& context) {
    const auto result = inner_.on_event_time(at, window, kept.inner, context);
    return timed_out(result, window, kept, context);
  }
  template <class W>
  trigger_result on_processing_time(timestamp at, const W& window, state& kept,
                                    trigger_context& context) {
    const auto result =
      inner_.on_processing_time(at, window, kept.inner, context);
    return timed_out(result, window, kept, context);
  }

  template <class W>
  void clear(const W& window, state& kept, trigger_context& context) {
    if (kept.timeout)
      context.delete_processing_timer(*kept.timeout);
    inner_.clear(window, kept.inner, context);
    kept = {};
  }

private:
  template <class W>
  trigger_result timed_out(trigger_result result, const W& window, state& kept,
                           trigger_context& context) {
    if (options_.clear_on_timeout)
      clear(window, kept, context);
    return purges(result) ? trigger_result::fire_and_purge
                          : trigger_result::fire;
  }

  Inner inner_;
  timestamp timeout_;
  timeout_options options_;
};

/// Never fires. The default of the global window.
class never_trigger : public trigger_base {
public:
  static constexpr bool can_merge = true;

  template <class T, class W>
  trigger_result on_element(const T&, timestamp, const W&, no_trigger_state&,
                            trigger_context&) {
    return trigger_result::proceed;
  }
};

/// Fires once, at the end of a bounded stream.
class end_of_stream_trigger : public trigger_base {
public:
  static constexpr bool can_merge = true;

  template <class T, class W>
  trigger_result on_element(const T&, timestamp, const W&, no_trigger_state&,
                            trigger_context& context) {
    context.register_event_timer(max_timestamp);
    return trigger_result::proceed;
  }
  template <class W>
  trigger_result on_event_time(timestamp at, const W&, no_trigger_state&,
                               trigger_context&) {
    return at == max_timestamp ? trigger_result::fire_and_purge
                               : trigger_result::proceed;
  }
  template <class W>
  void on_merge(const W&, no_trigger_state&, trigger_context& context) {
    context.register_event_timer(max_timestamp);
  }
  template <class W>
  void clear(const W&, no_trigger_state&, trigger_context& context) {
    context.delete_event_timer(max_timestamp);
  }
};

} // namespace flow
