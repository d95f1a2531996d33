#pragma once

#include <utility>

#include "libflow/api/data_stream.hpp"
#include "libflow/operators/broadcast_connect.hpp"

namespace flow {

/// Names the second input of a connection for `wait_for`.
struct broadcast_input_t {};
inline constexpr broadcast_input_t broadcast_input{};

/// A stream and a broadcast stream with one function over both. The broadcast
/// side fills a map that is the same in every subtask; the other side reads
/// it.
///
///     flights.connect(airports.broadcast())
///       .wait_for(flow::broadcast_input)
///       .process(read_airport, add_city);
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

  /// `on_broadcast`: `void(const B&, broadcast_state<K, V>&)`;
  /// `on_record`: `void(const A&, const broadcast_state<K, V>&,
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
    stream_node node;
    node.kind = operator_kind::broadcast_connect;
    node.stateful = true;
    node.out_type = type_name<out>();
    node.inputs = {
      {.type = type_name<A>(), .rule = input_rule::any},
      {.type = type_name<B>(), .rule = input_rule::broadcast},
    };
    node.code = operator_code_of<out>([on_broadcast = std::move(on_broadcast),
                                       on_record = std::move(on_record),
                                       wait = wait_](const std::string& name,
                                                     receiver<out>& to) {
      using function =
        broadcast_connect_function<Key, Value, OnBroadcast, OnRecord>;
      return std::make_unique<broadcast_process_operator<A, B, out, function>>(
        name, to, function{on_broadcast, on_record}, wait);
    });
    const auto& builder = first_.builder();
    const node_id id = builder->graph.add_node(std::move(node));
    detail::add_edges<A>(*builder, first_.origins(), id, 0);
    detail::add_edges<B>(*builder, second_.origins(), id, 1, wait_);
    return data_stream<out>{builder, id};
  }

private:
  data_stream<A> first_;
  data_stream<B> second_;
  bool wait_ = false;
};

template <class T>
template <class Other>
connected_streams<T, Other>
data_stream<T>::connect(const data_stream<Other>& other) const {
  return {*this, other};
}

} // namespace flow
