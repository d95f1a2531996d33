#pragma once

#include <concepts>
#include <optional>
#include <type_traits>
#include <utility>

#include "libflow/api/data_stream.hpp"
#include "libflow/api/window_types.hpp"
#include "libflow/core/owned.hpp"
#include "libflow/functions/keyed_context.hpp"
#include "libflow/operators/keyed_process.hpp"
#include "libflow/operators/reduce.hpp"

namespace flow {

template <class Input, class Windows, class Trigger, class Evictor>
class windowed_stream;

template <class Key, class A, class SelectorA, class B, class SelectorB>
class keyed_connected_streams;

template <class Key, class A, class Selector, class B>
class keyed_broadcast_streams;

template <class Key, class A, class SelectorA, class B, class SelectorB>
class interval_joined_streams;

/// A function with state per key: a call operator or a member `process` that
/// takes (const T&, keyed_context<K>&, collector<Out>&).
template <class Function, class Key, class T, class Out>
concept keyed_process_function = std::invocable < Function&,
        const T&, keyed_context<Key>
&, collector<Out>& >
     || requires(Function& f, const T& value, keyed_context<Key>& context,
                 collector<Out>& out) {
  f.process(value, context, out);
};

/// A stream partitioned by key: `data_stream::key_by`. Its operators keep
/// state per key. While checkpoints are on, give each a `uid`.
template <class Key, class T, class Selector>
class keyed_stream {
public:
  using record = T;
  using key = Key;
  using selector_type = Selector;

  keyed_stream(data_stream<T> keyed, Selector by)
    : keyed_(std::move(keyed)), selector_(std::move(by)) {}

  /// Any function of record and per-key state; Out is read from its collector
  /// unless named: `process<Out>(f)`. State is asked for in
  /// `void open(keyed_runtime_context<Key>&)`.
  template <class Named = detail::deduced, class Function>
  auto process(Function function) const {
    using out = detail::emitted_by<Named, Function>;
    static_assert(detail::fits<keyed_process_function<Function, Key, T, out>>,
                  "flow: a keyed process needs a function void(const T&, "
                  "keyed_context<Key>&, collector<Out>&); name Out when it "
                  "cannot be deduced");
    if constexpr (keyed_process_function<Function, Key, T, out>)
      return add<out>(
        operator_kind::keyed_process,
        [by = selector_, function = std::move(function)](
          const std::string& name, receiver<out>& to) {
          return make_owned<operator_base,
                            keyed_process_operator<T, out, Selector, Function>>(
            name, to, by, function);
        });
  }

  /// Rolling reduce: emits the reduced record of the key for each record.
  template <class Function>
  data_stream<T> reduce(Function function) const {
    static_assert(detail::fits<reduce_function<Function, T>>,
                  "flow: reduce needs a function T(const T&, const T&)");
    if constexpr (reduce_function<Function, T>)
      return add<T>(operator_kind::reduce,
                    [by = selector_, function = std::move(function)](
                      const std::string& name, receiver<T>& to) {
                      return make_owned<operator_base,
                                        reduce_operator<T, Selector, Function>>(
                        name, to, by, function);
                    });
    else
      return keyed_;
  }

  /// Rolling sum, minimum and maximum of a field; the other fields are those
  /// of the key's first record.
  template <class Field, std::same_as<T> Record>
  auto sum(Field Record::*field) const {
    constexpr bool adds = requires(const Field& a) {
      Field(a + a);
    };
    static_assert(adds, "flow: sum needs a field that can be added");
    if constexpr (adds)
      return reduce(sum_of(field));
  }
  template <class Field, std::same_as<T> Record>
  data_stream<T> min(Field Record::*field) const {
    return reduce(min_of(field));
  }
  template <class Field, std::same_as<T> Record>
  data_stream<T> max(Field Record::*field) const {
    return reduce(max_of(field));
  }

  /// Windows over each key: `.window(tumbling_event_time(1h))`; what else there
  /// is: api/window_types.hpp.
  template <class Windows>
  windowed_stream<keyed_stream, Windows, default_trigger, no_evictor>
  window(Windows windows) const {
    return {*this, std::move(windows)};
  }

  /// Tumbling, or sliding, windows of the named time, else of the job's
  /// (stream_environment::set_time_characteristic).
  [[nodiscard]] auto time_window(duration_ms size,
                                 std::optional<time_domain> time = {}) const {
    return window(
      tumbling_time_window{size, time.value_or(builder().window_time())});
  }
  [[nodiscard]] auto time_window(duration_ms size, duration_ms slide,
                                 std::optional<time_domain> time = {}) const {
    return window(
      sliding_time_window{size, slide, time.value_or(builder().window_time())});
  }

  /// Every n records of a key, which then go; fewer never fire.
  [[nodiscard]] auto count_window(std::int64_t n) const;
  /// The last n records of a key, at every `slide` of them.
  [[nodiscard]] auto count_window(std::int64_t n, std::int64_t slide) const;

  /// One function over this stream and another of the same keys, with state
  /// and timers per key.
  template <class B, class SelectorB>
  keyed_connected_streams<Key, T, Selector, B, SelectorB>
  connect(const keyed_stream<Key, B, SelectorB>& other) const {
    return {*this, other};
  }

  /// One function over this stream and a broadcast one.
  template <class B>
  keyed_broadcast_streams<Key, T, Selector, B>
  connect(const data_stream<B>& broadcast) const {
    return {*this, broadcast};
  }

  /// Records of both streams that lie close in time:
  /// `.interval_join(b).between(-5s, 5s).process(f)`.
  template <class B, class SelectorB>
  interval_joined_streams<Key, T, Selector, B, SelectorB>
  interval_join(const keyed_stream<Key, B, SelectorB>& other) const {
    return {*this, other};
  }

  /// Windows over this stream and another of the same keys, to join or group
  /// their records: `.window_with(b, tumbling_event_time(1h)).join(f)`.
  template <class B, class SelectorB, class Windows>
  auto window_with(const keyed_stream<Key, B, SelectorB>& other,
                   Windows windows) const;

  // -- for the other classes of the API ---------------------------------------

  [[nodiscard]] const data_stream<T>& records() const { return keyed_; }
  [[nodiscard]] const Selector& selector() const { return selector_; }
  [[nodiscard]] graph_builder& builder() const { return *keyed_.builder(); }

  template <class Out, class Make>
  data_stream<Out> add(operator_kind kind, Make make) const {
    stream_node node;
    node.kind = kind;
    node.stateful = true;
    node.out_type = type_name<Out>();
    node.code = operator_code_of<Out>(std::move(make));
    const auto& builder = keyed_.builder();
    const node_id id = detail::add_one_input<T>(
      *builder, keyed_.origins(), std::move(node), input_rule::keyed);
    return {builder, id};
  }

private:
  data_stream<T> keyed_;
  Selector selector_;
};

template <class T>
template <class Selector>
auto data_stream<T>::key_by(Selector selector) const {
  static_assert(std::is_invocable_v<Selector&, const T&>,
                "flow: key_by needs a pointer to a member of the record or a "
                "function Key(const T&)");
  if constexpr (std::is_invocable_v<Selector&, const T&>) {
    using key = key_of<T, Selector>;
    static_assert(!detail::holds_floating_point<key>,
                  "flow: a key holds no floating-point number: use "
                  "flow::float_key");
    auto code =
      make_owned<const edge_code, keyed_exchange<T, Selector>>(selector);
    return keyed_stream<key, T, Selector>{
      partitioned(partitioning::hash, std::move(code)), std::move(selector)};
  }
}

} // namespace flow
