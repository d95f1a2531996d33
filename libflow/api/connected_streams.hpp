#pragma once

#include <concepts>
#include <type_traits>
#include <utility>

#include "libflow/api/keyed_stream.hpp"
#include "libflow/core/owned.hpp"
#include "libflow/operators/broadcast_connect.hpp"
#include "libflow/operators/co_process.hpp"
#include "libflow/operators/interval_join.hpp"

namespace flow {

/// Names the second input of a connection for `wait_for`.
struct broadcast_input_t {};
inline constexpr broadcast_input_t broadcast_input{};

/// A function with a broadcast side: members `process(const A&, Context&,
/// collector<Out>&)` and `process_broadcast(const B&, ..., collector<Out>&)`.
template <class Function, class A, class B, class Out>
concept broadcast_process_function = requires(Function& f, const A& a,
                                              const B& b,
                                              process_context& context,
                                              collector<Out>& out) {
  f.process(a, context, out);
  f.process_broadcast(b, context, out);
};

/// A function over two streams: members `process_first(const A&, Context&,
/// collector<Out>&)` and `process_second(const B&, ...)`.
template <class Function, class A, class B, class Context, class Out>
concept co_process_function = requires(Function& f, const A& a, const B& b,
                                       Context& context, collector<Out>& out) {
  f.process_first(a, context, out);
  f.process_second(b, context, out);
};

namespace detail {

/// Adds an operator with two inputs.
template <class A, class B, class Out, class Make>
data_stream<Out> add_two_inputs(const data_stream<A>& first,
                                const data_stream<B>& second, stream_node node,
                                std::pair<input_rule, input_rule> rules,
                                Make make, bool wait = false) {
  node.out_type = type_name<Out>();
  node.inputs = {{.type = type_name<A>(), .rule = rules.first},
                 {.type = type_name<B>(), .rule = rules.second}};
  node.code = operator_code_of<Out>(std::move(make));
  const auto& builder = first.builder();
  const node_id id = builder->graph.add_node(std::move(node));
  add_edges<A>(*builder, first.origins(), id, 0);
  add_edges<B>(*builder, second.origins(), id, 1, wait);
  return {builder, id};
}

[[nodiscard]] inline stream_node two_input_node(operator_kind kind,
                                                bool stateful) {
  stream_node node;
  node.kind = kind;
  node.stateful = stateful;
  return node;
}

} // namespace detail

/// Two streams with one function over both.
///
///     orders.connect(quotes).map(from_order, from_quote);
///     orders.connect(quotes).process(both{});
///
/// Where the second is a broadcast stream its side fills maps that are the
/// same in every subtask; the other side reads them.
///
///     flights.connect(airports.broadcast())
///       .wait_for(flow::broadcast_input)
///       .process<K, V>(read_airport, add_city);
template <class A, class B>
class connected_streams {
public:
  connected_streams(data_stream<A> first, data_stream<B> second)
    : first_(std::move(first)), second_(std::move(second)) {}

  /// Records of the first stream wait in the operator's state until the
  /// broadcast stream has ended, so that they see all of it. Waiting does not
  /// hold back credit; it costs memory for what waits.
  connected_streams& wait_for(broadcast_input_t) {
    wait_ = true;
    return *this;
  }

  /// Each record through the function of its stream: `Out(const A&)` and
  /// `Out(const B&)`.
  template <class First, class Second>
  auto map(First first, Second second) const {
    static_assert(
      detail::fits<
        map_function<First, A>> && detail::fits<map_function<Second, B>>,
      "flow: map over two streams needs functions Out(const A&) "
      "and Out(const B&)");
    using out = map_result<First, A>;
    static_assert(std::is_convertible_v<map_result<Second, B>, out>,
                  "flow: both functions have to give one type");
    return co<out>(
      co_map_function<First, Second>{std::move(first), std::move(second)});
  }

  /// The same with any number of records out: `void(const A&,
  /// collector<Out>&)` and `void(const B&, collector<Out>&)`.
  template <class Named = detail::deduced, class First, class Second>
  auto flat_map(First first, Second second) const {
    using out = detail::emitted_by<Named, First>;
    static_assert(
      detail::fits<flat_map_function<
          First, A, out>> && detail::fits<flat_map_function<Second, B, out>>,
      "flow: flat_map over two streams needs functions void(const "
      "A&, collector<Out>&) and void(const B&, collector<Out>&)");
    return co<out>(
      co_flat_map_function<First, Second>{std::move(first), std::move(second)});
  }

  /// One function object over both: a broadcast_process_function, of which the
  /// second stream is broadcast and whose `open` takes a
  /// broadcast_runtime_context&, or a co_process_function.
  template <class Named = detail::deduced, class Function>
  auto process(Function function) const {
    using out = detail::emitted_by<Named, Function>;
    if constexpr (broadcast_process_function<Function, A, B, out>) {
      return with_broadcast_side<out>(std::move(function));
    } else {
      static_assert(
        detail::fits<co_process_function<Function, A, B, process_context, out>>,
        "flow: two streams need a function with members process_first(const "
        "A&, process_context&, collector<Out>&) and process_second(const B&, "
        "...), or process and process_broadcast; name Out when it cannot be "
        "deduced");
      return co<out>(std::move(function));
    }
  }

  /// One broadcast state: `on_broadcast`: `void(const B&, broadcast_state<K,
  /// V>&)`; `on_record`: `void(const A&, const broadcast_state<K, V>&,
  /// process_context&, collector<Out>&)`.
  template <class Key, class Value, class Named = detail::deduced,
            class OnBroadcast, class OnRecord>
  auto process(OnBroadcast on_broadcast, OnRecord on_record) const {
    using state = broadcast_state<Key, Value>;
    using out = detail::emitted_by<Named, OnRecord>;
    static_assert(detail::fits<std::invocable<OnBroadcast&, const B&, state&>>,
                  "flow: the broadcast side needs a function void(const B&, "
                  "broadcast_state<K, V>&)");
    static_assert(
      detail::fits<std::invocable<OnRecord&, const A&, const state&,
                                  process_context&, collector<out>&>>,
      "flow: the record side needs a function void(const A&, const "
      "broadcast_state<K, V>&, process_context&, collector<Out>&)");
    return with_broadcast_side<out>(
      broadcast_connect_function<Key, Value, OnBroadcast, OnRecord>{
        std::move(on_broadcast), std::move(on_record)});
  }

private:
  template <class Out, class Function>
  data_stream<Out> co(Function function) const {
    return detail::add_two_inputs<A, B, Out>(
      first_, second_, detail::two_input_node(operator_kind::co_process, false),
      {input_rule::any, input_rule::any},
      [function = std::move(function)](const std::string& name,
                                       receiver<Out>& to) {
        return make_owned<operator_base,
                          co_process_operator<A, B, Out, Function>>(name, to,
                                                                    function);
      });
  }

  template <class Out, class Function>
  data_stream<Out> with_broadcast_side(Function function) const {
    return detail::add_two_inputs<A, B, Out>(
      first_, second_,
      detail::two_input_node(operator_kind::broadcast_connect, true),
      {input_rule::any, input_rule::broadcast},
      [function = std::move(function), wait = wait_](const std::string& name,
                                                     receiver<Out>& to) {
        return make_owned<operator_base,
                          broadcast_process_operator<A, B, Out, Function>>(
          name, to, function, wait);
      },
      wait_);
  }

private:
  data_stream<A> first_;
  data_stream<B> second_;
  bool wait_ = false;
};

/// Two streams of the same keys: `keyed.connect(other_keyed)`.
template <class Key, class A, class SelectorA, class B, class SelectorB>
class keyed_connected_streams {
public:
  keyed_connected_streams(keyed_stream<Key, A, SelectorA> first,
                          keyed_stream<Key, B, SelectorB> second)
    : first_(std::move(first)), second_(std::move(second)) {}

  /// A co_process_function whose context is keyed_context<Key>; states are
  /// asked for in `void open(keyed_runtime_context<Key>&)`, timers call a
  /// member `on_timer`.
  template <class Named = detail::deduced, class Function>
  auto process(Function function) const {
    using out = detail::emitted_by<Named, Function>;
    static_assert(
      detail::fits<
        co_process_function<Function, A, B, keyed_context<Key>, out>>,
      "flow: two keyed streams need a function with members "
      "process_first(const A&, keyed_context<Key>&, collector<Out>&) and "
      "process_second(const B&, ...); name Out when it cannot be deduced");
    return detail::add_two_inputs<A, B, out>(
      first_.records(), second_.records(),
      detail::two_input_node(operator_kind::co_process, true),
      {input_rule::keyed, input_rule::keyed},
      [first = first_.selector(), second = second_.selector(),
       function = std::move(function)](const std::string& name,
                                       receiver<out>& to) {
        return make_owned<
          operator_base,
          keyed_co_process_operator<A, B, out, SelectorA, SelectorB, Function>>(
          name, to, first, second, function);
      });
  }

private:
  keyed_stream<Key, A, SelectorA> first_;
  keyed_stream<Key, B, SelectorB> second_;
};

/// A keyed stream and a broadcast one: `keyed.connect(rules.broadcast())`.
template <class Key, class A, class Selector, class B>
class keyed_broadcast_streams {
public:
  keyed_broadcast_streams(keyed_stream<Key, A, Selector> first,
                          data_stream<B> second)
    : first_(std::move(first)), second_(std::move(second)) {}

  /// Members `process(const A&, keyed_context<Key>&, collector<Out>&)` and
  /// `process_broadcast(const B&, keyed_broadcast_context<Key>&,
  /// collector<Out>&)`; states are asked for in `void
  /// open(keyed_broadcast_runtime_context<Key>&)`, timers call `on_timer`.
  template <class Named = detail::deduced, class Function>
  auto process(Function function) const {
    using out = detail::emitted_by<Named, Function>;
    static_assert(
      detail::fits<requires(
        Function & f, const A& a, const B& b, keyed_context<Key>& context,
        keyed_broadcast_context<Key>& side, collector<out>& to) {
        f.process(a, context, to);
        f.process_broadcast(b, side, to);
      }>,
      "flow: a keyed and a broadcast stream need a function with members "
      "process(const A&, keyed_context<Key>&, collector<Out>&) and "
      "process_broadcast(const B&, keyed_broadcast_context<Key>&, "
      "collector<Out>&); name Out when it cannot be deduced");
    return detail::add_two_inputs<A, B, out>(
      first_.records(), second_,
      detail::two_input_node(operator_kind::broadcast_connect, true),
      {input_rule::keyed, input_rule::broadcast},
      [selector = first_.selector(), function = std::move(function)](
        const std::string& name, receiver<out>& to) {
        return make_owned<operator_base, keyed_broadcast_process_operator<
                                           A, B, out, Selector, Function>>(
          name, to, selector, function);
      });
  }

private:
  keyed_stream<Key, A, Selector> first_;
  data_stream<B> second_;
};

/// Two keyed streams, joined by time: `keyed.interval_join(other)`.
template <class Key, class A, class SelectorA, class B, class SelectorB>
class interval_joined_streams {
public:
  interval_joined_streams(keyed_stream<Key, A, SelectorA> left,
                          keyed_stream<Key, B, SelectorB> right)
    : left_(std::move(left)), right_(std::move(right)) {}

  /// A right record joins a left one if its timestamp is within [left + lower,
  /// left + upper].
  /// @pre lower <= upper
  interval_joined_streams& between(duration_ms lower, duration_ms upper) {
    FLOW_ASSERT(lower <= upper, "an interval join needs lower <= upper");
    options_.bounds = {lower.count(), upper.count()};
    return *this;
  }
  /// The bound itself does not join; after `between`.
  interval_joined_streams& lower_exclusive() {
    ++options_.bounds.lower;
    return *this;
  }
  interval_joined_streams& upper_exclusive() {
    --options_.bounds.upper;
    return *this;
  }

  /// Where late records go; without it they are dropped and counted.
  interval_joined_streams& late_left(output_tag<A> tag) {
    options_.late_left = std::move(tag);
    return *this;
  }
  interval_joined_streams& late_right(output_tag<B> tag) {
    options_.late_right = std::move(tag);
    return *this;
  }

  /// `Out(const A&, const B&)`, or `void(const A&, const B&,
  /// interval_join_context&, collector<Out>&)`. Results carry the larger of
  /// both timestamps.
  template <class Named = detail::deduced, class Function>
  auto process(Function function) const {
    if constexpr (std::invocable<Function&, const A&, const B&>)
      return join<std::remove_cvref_t<
        std::invoke_result_t<Function&, const A&, const B&>>>(
        std::move(function));
    else
      return join<detail::emitted_by<Named, Function>>(std::move(function));
  }

private:
  template <class Out, class Function>
  data_stream<Out> join(Function function) const {
    return detail::add_two_inputs<A, B, Out>(
      left_.records(), right_.records(),
      detail::two_input_node(operator_kind::interval_join, true),
      {input_rule::keyed, input_rule::keyed},
      [left = left_.selector(), right = right_.selector(), options = options_,
       function = std::move(function)](const std::string& name,
                                       receiver<Out>& to) {
        return make_owned<
          operator_base,
          interval_join_operator<A, B, Out, SelectorA, SelectorB, Function>>(
          name, to, left, right, function, options);
      });
  }

  keyed_stream<Key, A, SelectorA> left_;
  keyed_stream<Key, B, SelectorB> right_;
  interval_join_options<A, B> options_;
};

template <class T>
template <class Other>
connected_streams<T, Other>
data_stream<T>::connect(const data_stream<Other>& other) const {
  return {*this, other};
}

} // namespace flow
