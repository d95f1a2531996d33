#pragma once

#include "libflow/functions/function.hpp"
#include "libflow/functions/keyed_context.hpp"
#include "libflow/operators/function_operator.hpp"
#include "libflow/operators/keyed_blocks.hpp"
#include "libflow/operators/one_input.hpp"

namespace flow {

/// A function with state and timers per key:
/// `void(const In&, keyed_context<K>&, collector<Out>&)`, a call operator or a
/// member `process`; for timers also `void on_timer(timestamp,
/// timer_context<K>&, collector<Out>&)`. It asks for its states in
/// `void open(keyed_runtime_context<K>&)`.
template <class In, class Out, class Selector, class Function>
class keyed_process_operator final
  : public keyed_function_operator<pausable_operator<In, Out>,
                                   key_of<In, Selector>, Out, Function> {
  using base = keyed_function_operator<pausable_operator<In, Out>,
                                       key_of<In, Selector>, Out, Function>;

public:
  using key_type = key_of<In, Selector>;

  keyed_process_operator(std::string name, receiver<Out>& out,
                         Selector selector, Function function)
    : base(std::move(name), out, std::move(function)),
      blocks_(std::move(selector)) {}

  void open(const operator_context& context) override {
    base::open(context);
    auto& states = blocks_.open(context);
    this->timers_.open(states, context.time);
    keyed_runtime_context<key_type> runtime{context.place, states,
                                            &this->operator_states_};
    this->open_with(runtime);
  }

  [[nodiscard]] operator_capture capture(const snapshot_context&) override {
    return blocks_.capture();
  }
  expected<void> restore(std::span<const operator_snapshot> parts) override {
    return blocks_.restore(parts);
  }
  [[nodiscard]] std::size_t state_bytes() const override {
    return blocks_.bytes();
  }

private:
  void process(record_batch<In>& batch, std::size_t first,
               std::size_t last) override {
    this->each_keyed(
      batch, first, last,
      [&](std::size_t from, std::size_t to, auto&& f) {
        blocks_.for_each(batch, from, to, f);
      },
      [&](const In& value, keyed_context<key_type>& context) {
        call(value, context);
      });
  }

  void call(const In& value, keyed_context<key_type>& context) {
    auto& function = this->function_;
    if constexpr (requires {
                    function.process(value, context, this->collector_);
                  })
      function.process(value, context, this->collector_);
    else
      function(value, context, this->collector_);
  }

  keyed_blocks<In, Selector> blocks_;
};

} // namespace flow
