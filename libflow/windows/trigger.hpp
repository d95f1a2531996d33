#pragma once

#include <cstdint>

#include "libflow/core/timestamp.hpp"
#include "libflow/windows/window.hpp"

namespace flow {

/// What a trigger says after each of its calls.
enum class trigger_result : std::uint8_t {
  proceed = 0,        ///< nothing happens
  fire = 1,           ///< the function is called with what is in the window
  purge = 2,          ///< what is in the window goes
  fire_and_purge = 3, ///< both, in this order
};

[[nodiscard]] constexpr bool fires(trigger_result result) noexcept {
  return (static_cast<std::uint8_t>(result) & 1) != 0;
}
[[nodiscard]] constexpr bool purges(trigger_result result) noexcept {
  return (static_cast<std::uint8_t>(result) & 2) != 0;
}

/// What a trigger may ask and do: for the key and the window at hand.
/// A timer that is due calls the trigger; one that is registered twice is
/// there once.
/// @thread the subtask; valid during the call only
class trigger_context {
public:
  [[nodiscard]] timestamp current_watermark() const noexcept {
    return watermark_;
  }
  [[nodiscard]] timestamp current_processing_time() const noexcept {
    return now_;
  }

  virtual void register_event_timer(timestamp at) = 0;
  virtual void delete_event_timer(timestamp at) = 0;
  virtual void register_processing_timer(timestamp at) = 0;
  virtual void delete_processing_timer(timestamp at) = 0;

protected:
  ~trigger_context() = default;

  timestamp watermark_ = min_timestamp;
  timestamp now_ = 0;
};

/// The state of triggers that have none.
struct no_trigger_state {
  friend bool operator==(const no_trigger_state&,
                         const no_trigger_state&) = default;
};

/// Base of triggers: does nothing at any time. One of the author's derives
/// from it, hides what it wants otherwise and says what it keeps:
///
///     struct every_third : flow::trigger_base {
///       using state = std::int64_t; // per key and window; 0 at first
///       template <class T, class W>
///       flow::trigger_result on_element(const T&, flow::timestamp, const W&,
///                                       state& count,
///                                       flow::trigger_context&) {
///         return ++count % 3 == 0 ? flow::trigger_result::fire
///                                 : flow::trigger_result::proceed;
///       }
///     };
///
/// A state is a record with ==; one equal to a value-initialised state takes no
/// memory. `purge` leaves state and timers alone; `clear`, when the window goes
/// or is merged into another, deletes the timers (the state goes by itself).
/// With merging windows `can_merge` is true, and `merge_state` adds the state
/// of a window that goes to that of the one that remains, for which `on_merge`
/// registers timers afterwards.
struct trigger_base {
  using state = no_trigger_state;
  static constexpr bool can_merge = false;

  template <class W, class S>
  trigger_result on_event_time(timestamp, const W&, S&, trigger_context&) {
    return trigger_result::proceed;
  }
  template <class W, class S>
  trigger_result on_processing_time(timestamp, const W&, S&, trigger_context&) {
    return trigger_result::proceed;
  }
  template <class S>
  void merge_state(S&, const S&) {}
  template <class W, class S>
  void on_merge(const W&, S&, trigger_context&) {}
  template <class W, class S>
  void clear(const W&, S&, trigger_context&) {}
};

} // namespace flow
