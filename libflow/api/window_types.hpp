#pragma once

#include <string>
#include <utility>

#include "libflow/windows/assigners.hpp"
#include "libflow/windows/evictors.hpp"
#include "libflow/windows/triggers.hpp"

namespace flow {

/// What `window` and `window_all` take: one of these, `global_windows`,
/// `dynamic_session_windows` or an assigner of the author's
/// (windows/assigners.hpp). Values that cannot be used are reported by execute.

/// Windows of `size`, starting at its multiples moved by `offset`.
/// 0 < size and |offset| < size.
struct tumbling_event_time {
  explicit tumbling_event_time(duration_ms window_size,
                               duration_ms window_offset = duration_ms{0})
    : size(window_size), offset(window_offset) {}

  duration_ms size;
  duration_ms offset;
};

/// The same by the wall clock: a record is in the window of its arrival.
struct tumbling_processing_time {
  explicit tumbling_processing_time(duration_ms window_size,
                                    duration_ms window_offset = duration_ms{0})
    : size(window_size), offset(window_offset) {}

  duration_ms size;
  duration_ms offset;
};

/// Windows of `size`, one every `slide`. |offset| < slide.
struct sliding_event_time {
  sliding_event_time(duration_ms window_size, duration_ms window_slide,
                     duration_ms window_offset = duration_ms{0})
    : size(window_size), slide(window_slide), offset(window_offset) {}

  duration_ms size;
  duration_ms slide;
  duration_ms offset;
};

struct sliding_processing_time {
  sliding_processing_time(duration_ms window_size, duration_ms window_slide,
                          duration_ms window_offset = duration_ms{0})
    : size(window_size), slide(window_slide), offset(window_offset) {}

  duration_ms size;
  duration_ms slide;
  duration_ms offset;
};

/// What `time_window(size)` makes: windows whose time is known when the job is
/// composed.
struct tumbling_time_window {
  duration_ms size;
  time_domain time = time_domain::event;

  [[nodiscard]] tumbling_event_time in_event_time() const {
    return tumbling_event_time{size};
  }
  [[nodiscard]] tumbling_processing_time in_processing_time() const {
    return tumbling_processing_time{size};
  }
};

/// What `time_window(size, slide)` makes.
struct sliding_time_window {
  duration_ms size;
  duration_ms slide;
  time_domain time = time_domain::event;

  [[nodiscard]] sliding_event_time in_event_time() const {
    return {size, slide};
  }
  [[nodiscard]] sliding_processing_time in_processing_time() const {
    return {size, slide};
  }
};

/// Sessions: a window ends when a key has had no record for `gap` > 0.
struct session_event_time {
  explicit session_event_time(duration_ms session_gap) : gap(session_gap) {}
  duration_ms gap;
};

struct session_processing_time {
  explicit session_processing_time(duration_ms session_gap)
    : gap(session_gap) {}
  duration_ms gap;
};

/// Sessions whose gap is a function of the record: `duration_ms(const T&)`.
template <class Gap>
[[nodiscard]] auto dynamic_session_event_time(Gap gap) {
  return dynamic_session_windows<Gap>{std::move(gap), time_domain::event};
}
template <class Gap>
[[nodiscard]] auto dynamic_session_processing_time(Gap gap) {
  return dynamic_session_windows<Gap>{std::move(gap), time_domain::processing};
}

/// Marks a reduce function as commutative: `reduce(commutative(f))`. Then
/// sliding windows may combine records in another order than they came, which
/// costs one update a record instead of one a window.
template <class Function>
struct commutative_function {
  Function function;

  template <class T>
  T operator()(const T& a, const T& b) {
    return std::invoke(function, a, b);
  }
};
template <class Function>
[[nodiscard]] commutative_function<Function> commutative(Function function) {
  return {std::move(function)};
}

/// In place of a trigger: the window's own.
struct default_trigger {};

namespace detail {

template <class F>
inline constexpr bool is_commutative = false;
template <class F>
inline constexpr bool is_commutative<commutative_function<F>> = true;

template <class Windows>
concept either_time = requires(const Windows& windows) {
  windows.in_event_time();
  windows.in_processing_time();
};

// The assigner of what the author names.
inline auto make_assigner(const tumbling_event_time& of) {
  return sliding_windows::make_tumbling(of.size, of.offset);
}
inline auto make_assigner(const tumbling_processing_time& of) {
  return sliding_windows::make_tumbling(of.size, of.offset,
                                        time_domain::processing);
}
inline auto make_assigner(const sliding_event_time& of) {
  return sliding_windows::make(of.size, of.slide, of.offset);
}
inline auto make_assigner(const sliding_processing_time& of) {
  return sliding_windows::make(of.size, of.slide, of.offset,
                               time_domain::processing);
}
inline auto make_assigner(const session_event_time& of) {
  return session_windows::make(of.gap);
}
inline auto make_assigner(const session_processing_time& of) {
  return session_windows::make(of.gap, time_domain::processing);
}
inline auto make_assigner(const tumbling_time_window& of) {
  return sliding_windows::make_tumbling(of.size, duration_ms{0}, of.time);
}
inline auto make_assigner(const sliding_time_window& of) {
  return sliding_windows::make(of.size, of.slide, duration_ms{0}, of.time);
}
template <class Assigner>
requires requires {
  typename Assigner::window;
}
auto make_assigner(const Assigner& authors) {
  return expected<Assigner>{authors};
}

template <class Assigner>
auto trigger_for(const Assigner& assigner, default_trigger) {
  if constexpr (std::is_same_v<typename Assigner::window, global_window>)
    return never_trigger{};
  else
    return window_end_trigger{assigner.domain()};
}
template <class Assigner, class Trigger>
Trigger trigger_for(const Assigner&, const Trigger& authors) {
  return authors;
}

[[nodiscard]] inline std::string in_ms(duration_ms of) {
  return std::to_string(of.count()) + " ms";
}
inline std::string describe(const tumbling_event_time& of) {
  return "tumbling event time, " + in_ms(of.size);
}
inline std::string describe(const tumbling_processing_time& of) {
  return "tumbling processing time, " + in_ms(of.size);
}
inline std::string describe(const sliding_event_time& of) {
  return "sliding event time, " + in_ms(of.size) + " by " + in_ms(of.slide);
}
inline std::string describe(const sliding_processing_time& of) {
  return "sliding processing time, " + in_ms(of.size) + " by "
         + in_ms(of.slide);
}
inline std::string describe(const session_event_time& of) {
  return "sessions in event time, gap " + in_ms(of.gap);
}
inline std::string describe(const session_processing_time& of) {
  return "sessions in processing time, gap " + in_ms(of.gap);
}
template <class Gap>
std::string describe(const dynamic_session_windows<Gap>&) {
  return "sessions, gap by the record";
}
inline std::string describe(const global_windows&) {
  return "global";
}
template <class Assigner>
std::string describe(const Assigner&) {
  return "the author's";
}

} // namespace detail

} // namespace flow
