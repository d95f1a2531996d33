#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

#include "libflow/api/keyed_stream.hpp"
#include "libflow/api/window_types.hpp"
#include "libflow/core/owned.hpp"
#include "libflow/windows/session_window_operator.hpp"
#include "libflow/windows/slice_window_operator.hpp"
#include "libflow/windows/sliding_window_operator.hpp"
#include "libflow/windows/tumbling.hpp"
#include "libflow/windows/window_operator.hpp"

namespace flow {

/// Windows over each key of a stream (`keyed_stream::window`), or over a whole
/// stream (`data_stream::window_all`). Results carry the window's last time.
///
/// `Input` is the stream before the windows; `Trigger` and `Evictor` are those
/// of the window type unless the author gave others.
template <class Input, class Windows, class Trigger = default_trigger,
          class Evictor = no_evictor>
class windowed_stream {
  using record_type = typename Input::record;
  using key = typename Input::key;
  using selector = typename Input::selector_type;
  using assigner = typename decltype(detail::make_assigner(
    std::declval<const Windows&>()))::value_type;
  using window = typename assigner::window;

public:
  windowed_stream(Input input, Windows windows, Trigger trigger = {},
                  Evictor evictor = {},
                  window_options<record_type> options = {})
    : input_(std::move(input)), windows_(std::move(windows)),
      trigger_(std::move(trigger)), evictor_(std::move(evictor)),
      options_(std::move(options)) {}

  /// How long a window still accepts records after the watermark has passed
  /// it; each makes it fire again. Default 0.
  windowed_stream& allowed_lateness(duration_ms value) {
    options_.allowed_lateness = value;
    return *this;
  }

  /// Where records go that come too late; read them with
  /// `result.side_output(tag)`.
  windowed_stream& side_output_late(const output_tag<record_type>& tag) {
    options_.late_output = tag;
    return *this;
  }

  /// When the function is called (windows/triggers.hpp), in place of once when
  /// the window is complete.
  template <class Other>
  auto trigger(Other other) const {
    return windowed_stream<Input, Windows, Other, Evictor>{
      input_, windows_, std::move(other), evictor_, options_};
  }

  /// What is dropped before or after the function (windows/evictors.hpp). The
  /// windows keep all their records.
  template <class Other>
  auto evictor(Other other) const {
    return windowed_stream<Input, Windows, Trigger, Other>{
      input_, windows_, trigger_, std::move(other), options_};
  }

  /// One record per key and window, made by `T(const T&, const T&)`; of
  /// sliding windows see `commutative`.
  template <class Function>
  data_stream<record_type> reduce(Function function) const {
    static_assert(detail::fits<reduce_function<Function, record_type>>,
                  "flow: reduce needs a function T(const T&, const T&)");
    return add<record_type, detail::is_commutative<Function>>(
      reduce_fold<record_type, Function>{std::move(function)}, emit_result{});
  }

  /// As above; the result goes through `void(const window_context<Key>&,
  /// const T&, collector<Out>&)`, which sees key and window.
  template <class Named = detail::deduced, class Function, class Process>
  auto reduce(Function function, Process process) const {
    static_assert(detail::fits<reduce_function<Function, record_type>>,
                  "flow: reduce needs a function T(const T&, const T&)");
    using out = emitted<Named, Process>;
    if constexpr (accepts<Process, record_type, out>())
      return add<out, detail::is_commutative<Function>>(
        reduce_fold<record_type, Function>{std::move(function)},
        process_result<Process>{std::move(process)});
  }

  /// A small value per key and window (state/aggregate_function.hpp); emits
  /// its result.
  template <class Function>
  auto aggregate(Function function) const {
    static_assert(detail::fits<aggregate_function<Function, record_type>>,
                  "flow: aggregate needs a type with `accumulator`, add(acc, "
                  "value) and result(acc)");
    if constexpr (aggregate_function<Function, record_type>) {
      check_merge<Function>();
      return add<aggregate_result<Function>, mergeable_aggregate<Function>>(
        aggregate_fold<record_type, Function>{std::move(function)},
        emit_result{});
    }
  }

  /// As above; the result goes through `void(const window_context<Key>&,
  /// const Result&, collector<Out>&)`, which sees key and window.
  template <class Named = detail::deduced, class Function, class Process>
  auto aggregate(Function function, Process process) const {
    static_assert(detail::fits<aggregate_function<Function, record_type>>,
                  "flow: aggregate needs a type with `accumulator`, add(acc, "
                  "value) and result(acc)");
    using out = emitted<Named, Process>;
    if constexpr (aggregate_function<Function, record_type>) {
      check_merge<Function>();
      if constexpr (accepts<Process, aggregate_result<Function>, out>())
        return add<out, mergeable_aggregate<Function>>(
          aggregate_fold<record_type, Function>{std::move(function)},
          process_result<Process>{std::move(process)});
    }
  }

  /// All records of a key and window at once: `void(const
  /// window_context<Key>&, std::span<const T>, collector<Out>&)`. Keeps every
  /// record until the window closes.
  template <class Named = detail::deduced, class Process>
  auto process(Process process) const {
    using out = emitted<Named, Process>;
    if constexpr (accepts<Process, std::span<const record_type>, out>())
      return add<out, false>(collect_fold<record_type>{},
                             process_result<Process>{std::move(process)});
  }

private:
  template <class Named, class Process>
  struct named_output {
    using type = detail::emitted_by<Named, Process>;
    static_assert(!std::is_same_v<type, detail::deduced>,
                  "flow: name the record type that the window function "
                  "emits: process<Out>(f)");
  };

  /// Whether an author's function can be called with what a window holds; with
  /// an error of one line if not.
  template <class Process, class Content, class Out>
  static constexpr bool accepts() {
    constexpr bool fits =
      window_function<Process, window_context<key, window>, Content, Out>;
    constexpr bool said = std::is_same_v<Out, detail::deduced>; // by `emitted`
    static_assert(fits || said,
                  "flow: a window function is void(const window_context<Key, "
                  "Window>&, content, collector<Out>&); content: "
                  "std::span<const T>, or the result of reduce or aggregate");
    return fits;
  }
  template <class Named, class Process>
  using emitted = typename named_output<Named, Process>::type;

  template <class Function>
  static constexpr void check_merge() {
    static_assert(!assigner::merges
                    || mergeable_aggregate<
                      Function> || !std::is_same_v<Evictor, no_evictor>,
                  "flow: windows that merge need an aggregate with "
                  "merge(acc, other)");
  }

  static constexpr bool tumbling_in_event_time =
    std::is_same_v<Windows, tumbling_event_time>;
  static constexpr bool sliding_in_event_time =
    std::is_same_v<Windows, sliding_event_time>;

  /// Why the windows do not run over slices; empty when they do.
  template <bool Mergeable, class Emit>
  static constexpr const char* reason_against_slices() {
    if (!tumbling_in_event_time && !sliding_in_event_time)
      return "these windows are not cut into slices";
    if (!std::is_same_v<Trigger, default_trigger>)
      return "they have a trigger of their own";
    if (!std::is_same_v<Evictor, no_evictor>)
      return "they have an evictor";
    if (!tumbling_in_event_time && !Mergeable)
      return "their function cannot combine slices (an aggregate needs merge, "
             "a reduce function has to be commutative)";
    if (keeps_window_state<Emit>)
      return "their function keeps state";
    return "";
  }

  template <class Emit>
  static constexpr bool keeps_window_state =
    Emit::template opens_with<window_runtime_context<key, window>>;

  /// Whether sessions need no windows of their own in the state: all of a key
  /// in one place, without timers.
  template <class Fold, class Emit>
  static constexpr bool whole_sessions() {
    constexpr bool by_default = std::is_same_v<Trigger, default_trigger>;
    constexpr bool keeps_all = !std::is_same_v<Evictor, no_evictor>;
    constexpr bool lists = std::is_same_v<Fold, collect_fold<record_type>>;
    constexpr bool has_state = keeps_window_state<Emit>;
    return std::is_same_v<Windows, session_event_time> && by_default
           && !keeps_all && !lists && !has_state;
  }

  template <class, class, class, class>
  friend class windowed_stream;

  /// The same over windows of another type.
  template <class Other>
  [[nodiscard]] auto over(const Other& windows) const {
    return windowed_stream<Input, Other, Trigger, Evictor>{
      input_, windows, trigger_, evictor_, options_};
  }

  template <class Out, bool Mergeable, class Fold, class Emit>
  data_stream<Out> add(Fold fold, Emit emit) const {
    if constexpr (detail::either_time<Windows>) {
      if (windows_.time == time_domain::processing)
        return over(windows_.in_processing_time())
          .template add<Out, Mergeable>(std::move(fold), std::move(emit));
      return over(windows_.in_event_time())
        .template add<Out, Mergeable>(std::move(fold), std::move(emit));
    } else {
      return add_one<Out, Mergeable>(std::move(fold), std::move(emit));
    }
  }

  template <class Out, bool Mergeable, class Fold, class Emit>
  data_stream<Out> add_one(Fold fold, Emit emit) const {
    constexpr const char* against = reason_against_slices<Mergeable, Emit>();
    constexpr bool sliced = against[0] == '\0';
    constexpr bool whole = whole_sessions<Fold, Emit>();
    auto result = [&] {
      if constexpr (sliced)
        return add_slices<Out>(std::move(fold), std::move(emit));
      else if constexpr (whole)
        return add_sessions<Out>(std::move(fold), std::move(emit));
      else
        return add_windows<Out>(std::move(fold), std::move(emit));
    }();
    result.last().notes.emplace_back(
      "window", detail::describe(windows_)
                  + (sliced  ? ", over slices"
                     : whole ? ", all of a key together"
                             : std::string{", per window: "} + against));
    result.last().notes.emplace_back("allowed lateness",
                                     detail::in_ms(options_.allowed_lateness));
    return result;
  }

  template <class Out, class Fold, class Emit>
  data_stream<Out> add_slices(Fold fold, Emit emit) const {
    using op = std::conditional_t<
      tumbling_in_event_time,
      slice_window_operator<record_type, Out, selector, tumbling_windows, Fold,
                            Emit>,
      sliding_window_operator<record_type, Out, selector, Fold, Emit>>;
    auto windows = slices_of(windows_);
    if (!windows)
      input_.builder().errors.push_back(windows.error());
    return input_.template add<Out>(
      operator_kind::window,
      [by = input_.selector(), windows, fold = std::move(fold),
       emit = std::move(emit),
       options = options_](const std::string& name, receiver<Out>& to) {
        // A job with errors is not deployed.
        return make_owned<operator_base, op>(name, to, by, *windows, fold, emit,
                                             options);
      });
  }

  template <class Out, class Fold, class Emit>
  data_stream<Out> add_sessions(Fold fold, Emit emit) const {
    auto windows = detail::make_assigner(windows_);
    if (!windows)
      input_.builder().errors.push_back(windows.error());
    return input_.template add<Out>(
      operator_kind::window,
      [by = input_.selector(), windows, fold = std::move(fold),
       emit = std::move(emit),
       options = options_](const std::string& name, receiver<Out>& to) {
        // A job with errors is not deployed.
        return make_owned<
          operator_base,
          session_window_operator<record_type, Out, selector, Fold, Emit>>(
          name, to, by, *windows, fold, emit, options);
      });
  }

  static auto slices_of(const tumbling_event_time& of) {
    return tumbling_windows::make(of.size, of.offset);
  }
  static auto slices_of(const sliding_event_time& of) {
    return detail::make_assigner(of);
  }

  template <class Out, class Fold, class Emit>
  data_stream<Out> add_windows(Fold fold, Emit emit) const {
    auto contents = contents_of(std::move(fold));
    using contents_type = decltype(contents);
    using trigger_type =
      decltype(detail::trigger_for(std::declval<const assigner&>(), trigger_));
    static_assert(!assigner::merges || trigger_type::can_merge,
                  "flow: windows that merge need a trigger that can merge");
    auto windows = detail::make_assigner(windows_);
    if (!windows)
      input_.builder().errors.push_back(windows.error());
    return input_.template add<Out>(
      operator_kind::window,
      [by = input_.selector(), windows, trigger = trigger_,
       contents = std::move(contents), emit = std::move(emit),
       options = options_](const std::string& name, receiver<Out>& to) {
        // A job with errors is not deployed.
        return make_owned<operator_base,
                          window_operator<record_type, Out, selector, assigner,
                                          trigger_type, contents_type, Emit>>(
          name, to, by, *windows, detail::trigger_for(*windows, trigger),
          contents, emit, options);
      });
  }

  template <class Fold>
  auto contents_of(Fold fold) const {
    if constexpr (
      std::is_same_v<
        Evictor,
        no_evictor> && !std::is_same_v<Fold, collect_fold<record_type>>)
      return folded_contents<record_type, Fold>{std::move(fold)};
    else
      return listed_contents<record_type, Fold, Evictor>{std::move(fold),
                                                         evictor_};
  }

  Input input_;
  Windows windows_;
  Trigger trigger_;
  Evictor evictor_;
  window_options<record_type> options_;
};

/// The one key of a stream that is not keyed.
struct no_key {
  std::uint8_t none = 0;

  friend bool operator==(const no_key&, const no_key&) = default;
};

/// A stream whose windows see all its records, in one subtask.
template <class T>
class whole_stream {
public:
  using record = T;
  using key = no_key;

  struct selector_type {
    const no_key& operator()(const T&) const noexcept {
      static constexpr no_key only;
      return only;
    }
  };

  explicit whole_stream(data_stream<T> stream) : stream_(std::move(stream)) {}

  [[nodiscard]] selector_type selector() const { return {}; }
  [[nodiscard]] graph_builder& builder() const { return *stream_.builder(); }

  template <class Out, class Make>
  data_stream<Out> add(operator_kind kind, Make make) const {
    stream_node node;
    node.kind = kind;
    node.stateful = true;
    node.single = true;
    node.out_type = type_name<Out>();
    node.code = operator_code_of<Out>(std::move(make));
    const node_id id = detail::add_one_input<T>(
      *stream_.builder(), stream_.origins(), std::move(node));
    return {stream_.builder(),
            {{.node = id, .side_output = {}, .how = {}, .code = {}}}};
  }

private:
  data_stream<T> stream_;
};

template <class Key, class T, class Selector>
auto keyed_stream<Key, T, Selector>::count_window(std::int64_t n) const {
  return window(global_windows{})
    .trigger(purging_trigger<count_trigger>{count_trigger{n}});
}

template <class Key, class T, class Selector>
auto keyed_stream<Key, T, Selector>::count_window(std::int64_t n,
                                                  std::int64_t slide) const {
  return window(global_windows{})
    .trigger(count_trigger{slide})
    .evictor(count_evictor{static_cast<std::size_t>(n)});
}

template <class T>
template <class Windows>
auto data_stream<T>::window_all(Windows windows) const {
  return windowed_stream<whole_stream<T>, Windows>{whole_stream<T>{*this},
                                                   std::move(windows)};
}

template <class T>
auto data_stream<T>::time_window_all(duration_ms size,
                                     std::optional<time_domain> time) const {
  return window_all(
    tumbling_time_window{size, time.value_or(builder()->window_time())});
}

template <class T>
auto data_stream<T>::time_window_all(duration_ms size, duration_ms slide,
                                     std::optional<time_domain> time) const {
  return window_all(
    sliding_time_window{size, slide, time.value_or(builder()->window_time())});
}

template <class T>
auto data_stream<T>::count_window_all(std::int64_t n) const {
  return window_all(global_windows{})
    .trigger(purging_trigger<count_trigger>{count_trigger{n}});
}

template <class T>
auto data_stream<T>::count_window_all(std::int64_t n,
                                      std::int64_t slide) const {
  return window_all(global_windows{})
    .trigger(count_trigger{slide})
    .evictor(count_evictor{static_cast<std::size_t>(n)});
}

} // namespace flow
