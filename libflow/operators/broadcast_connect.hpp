#pragma once

#include <utility>

#include "libflow/operators/broadcast_process.hpp"

namespace flow {

/// Two functions over one broadcast state: `on_broadcast(const B&,
/// broadcast_state<K, V>&)` changes it, `on_record(const A&, const
/// broadcast_state<K, V>&, process_context&, collector<Out>&)` reads it.
template <class Key, class Value, class OnBroadcast, class OnRecord>
class broadcast_connect_function {
public:
  broadcast_connect_function(OnBroadcast on_broadcast, OnRecord on_record)
    : on_broadcast_(std::move(on_broadcast)), on_record_(std::move(on_record)) {
  }

  void open(broadcast_runtime_context& context) {
    state_ =
      context.broadcast(broadcast_state_descriptor<Key, Value>{"broadcast"});
  }

  template <class A, class Out>
  void process(const A& value, process_context& context, collector<Out>& out) {
    on_record_(value, state_.read(), context, out);
  }
  template <class B, class Out>
  void process_broadcast(const B& value, process_context&, collector<Out>&) {
    on_broadcast_(value, state_.writable());
  }

private:
  OnBroadcast on_broadcast_;
  OnRecord on_record_;
  broadcast_map<Key, Value> state_;
};

} // namespace flow
