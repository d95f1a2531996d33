#pragma once

#include <chrono>
#include <optional>
#include <utility>

#include "libflow/api/keyed_stream.hpp"
#include "libflow/windows/slice_window_operator.hpp"

namespace flow {

/// What `keyed_stream::window` takes for tumbling event-time windows.
struct tumbling_event_time {
  /// Windows of `size`, starting at its multiples moved by `offset`.
  /// 0 < size and |offset| < size, else execute reports an error.
  explicit tumbling_event_time(duration_ms window_size,
                               duration_ms window_offset = duration_ms{0})
    : size(window_size), offset(window_offset) {}

  duration_ms size;
  duration_ms offset;
};

/// Windows over each key of a stream. Results carry the window's last time.
template <class Key, class T, class Selector>
class windowed_stream<Key, T, Selector, tumbling_event_time> {
public:
  windowed_stream(keyed_stream<Key, T, Selector> keyed,
                  tumbling_event_time windows)
    : keyed_(std::move(keyed)), windows_(windows) {}

  /// How long a window still accepts records after the watermark has passed
  /// it; each makes it fire again. Default 0.
  windowed_stream& allowed_lateness(duration_ms value) {
    options_.allowed_lateness = value;
    return *this;
  }

  /// Where records go that come too late; read them with
  /// `result.side_output(tag)`.
  windowed_stream& side_output_late(const output_tag<T>& tag) {
    options_.late_output = tag;
    return *this;
  }

  /// One record per key and window, made by `T(const T&, const T&)`.
  template <class Function>
  data_stream<T> reduce(Function function) const {
    static_assert(detail::fits<reduce_function<Function, T>>,
                  "flow: reduce needs a function T(const T&, const T&)");
    return add<T>(reduce_fold<T, Function>{std::move(function)}, emit_result{});
  }

  /// A small value per key and window (windows/aggregate_function.hpp); emits
  /// its result.
  template <class Function>
  auto aggregate(Function function) const {
    static_assert(detail::fits<aggregate_function<Function, T>>,
                  "flow: aggregate needs a type with `accumulator`, add(acc, "
                  "value) and result(acc)");
    if constexpr (aggregate_function<Function, T>)
      return add<aggregate_result<Function>>(
        aggregate_fold<T, Function>{std::move(function)}, emit_result{});
  }

  /// As above; the result goes through `void(const window_context<Key>&,
  /// const Result&, collector<Out>&)`, which sees key and window.
  template <class Named = detail::deduced, class Function, class Process>
  auto aggregate(Function function, Process process) const {
    static_assert(detail::fits<aggregate_function<Function, T>>,
                  "flow: aggregate needs a type with `accumulator`, add(acc, "
                  "value) and result(acc)");
    using out = detail::emitted_by<Named, Process>;
    static_assert(!std::is_same_v<out, detail::deduced>,
                  "flow: name the record type that the window function "
                  "emits: aggregate<Out>(f, g)");
    if constexpr (aggregate_function<Function, T>)
      return add<out>(aggregate_fold<T, Function>{std::move(function)},
                      process_result<Process>{std::move(process)});
  }

  /// All records of a key and window at once: `void(const
  /// window_context<Key>&, std::span<const T>, collector<Out>&)`. Keeps every
  /// record until the window closes.
  template <class Named = detail::deduced, class Process>
  auto process(Process process) const {
    using out = detail::emitted_by<Named, Process>;
    static_assert(!std::is_same_v<out, detail::deduced>,
                  "flow: name the record type that the window function "
                  "emits: process<Out>(f)");
    return add<out>(collect_fold<T>{},
                    process_result<Process>{std::move(process)});
  }

private:
  template <class Out, class Fold, class Emit>
  data_stream<Out> add(Fold fold, Emit emit) const {
    auto assigner = tumbling_windows::make(windows_.size, windows_.offset);
    if (!assigner) {
      keyed_.builder().errors.push_back(assigner.error());
      assigner = tumbling_windows::make(duration_ms{1}); // never runs
    }
    auto result = keyed_.template add<Out>(
      operator_kind::window,
      [selector = keyed_.selector(), assigner = *assigner,
       fold = std::move(fold), emit = std::move(emit),
       options = options_](const std::string& name, receiver<Out>& to) {
        return std::make_unique<slice_window_operator<
          T, Out, Selector, tumbling_windows, Fold, Emit>>(
          name, to, selector, assigner, fold, emit, options);
      });
    result.last().notes.emplace_back(
      "window", "tumbling event time, " + std::to_string(windows_.size.count())
                  + " ms, one slice of state a window");
    result.last().notes.emplace_back(
      "allowed lateness",
      std::to_string(options_.allowed_lateness.count()) + " ms");
    return result;
  }

  keyed_stream<Key, T, Selector> keyed_;
  tumbling_event_time windows_;
  window_options<T> options_;
};

} // namespace flow
