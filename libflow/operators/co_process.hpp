#pragma once

#include "libflow/functions/two_input_function.hpp"
#include "libflow/operators/function_operator.hpp"
#include "libflow/operators/keyed_blocks.hpp"
#include "libflow/operators/two_input.hpp"

namespace flow {

/// One function over the records of two streams:
/// `process_first(const A&, process_context&, collector<Out>&)` and
/// `process_second(const B&, ...)`.
template <class A, class B, class Out, class Function>
class co_process_operator final
  : public function_operator<two_input_operator<A, B, Out>, Out, Function> {
  using base = function_operator<two_input_operator<A, B, Out>, Out, Function>;

public:
  using base::base;

  void open(const operator_context& context) override {
    base::open(context);
    runtime_context runtime{context.place, &this->operator_states_};
    this->open_with(runtime);
  }

private:
  void process_first(record_batch<A>& batch, std::size_t first,
                     std::size_t last) override {
    this->each(std::as_const(batch), first, last,
               [&](const A& value, process_context& context) {
                 this->function_.process_first(value, context,
                                               this->collector_);
               });
  }
  void process_second(record_batch<B>& batch, std::size_t first,
                      std::size_t last) override {
    this->each(std::as_const(batch), first, last,
               [&](const B& value, process_context& context) {
                 this->function_.process_second(value, context,
                                                this->collector_);
               });
  }
};

/// The same with state and timers per key; both streams are keyed, by keys of
/// one type. The context is keyed_context<K>, and `on_timer` as of a keyed
/// process function.
template <class A, class B, class Out, class SelectorA, class SelectorB,
          class Function>
class keyed_co_process_operator final
  : public keyed_function_operator<two_input_operator<A, B, Out>,
                                   key_of<A, SelectorA>, Out, Function> {
  using base = keyed_function_operator<two_input_operator<A, B, Out>,
                                       key_of<A, SelectorA>, Out, Function>;

public:
  using key_type = key_of<A, SelectorA>;
  static_assert(std::is_same_v<key_type, key_of<B, SelectorB>>,
                "flow: both streams are keyed by keys of one type");

  keyed_co_process_operator(std::string name, receiver<Out>& out,
                            SelectorA first, SelectorB second,
                            Function function)
    : base(std::move(name), out, std::move(function)), first_(std::move(first)),
      second_(std::move(second)) {}

  void open(const operator_context& context) override {
    base::open(context);
    auto& states = keyed_.open(context);
    this->timers_.open(states, context.time);
    keyed_runtime_context<key_type> runtime{context.place, states,
                                            &this->operator_states_};
    this->open_with(runtime);
  }

  [[nodiscard]] operator_capture capture(const snapshot_context&) override {
    return keyed_.capture();
  }
  expected<void> restore(std::span<const operator_snapshot> parts) override {
    return keyed_.restore(parts);
  }
  [[nodiscard]] std::size_t state_bytes() const override {
    return keyed_.bytes();
  }

private:
  void process_first(record_batch<A>& batch, std::size_t first,
                     std::size_t last) override {
    this->each_keyed(batch, first, last, walk_of(first_, batch),
                     [&](const A& value, keyed_context<key_type>& context) {
                       this->function_.process_first(value, context,
                                                     this->collector_);
                     });
  }
  void process_second(record_batch<B>& batch, std::size_t first,
                      std::size_t last) override {
    this->each_keyed(batch, first, last, walk_of(second_, batch),
                     [&](const B& value, keyed_context<key_type>& context) {
                       this->function_.process_second(value, context,
                                                      this->collector_);
                     });
  }

  template <class T, class Selector>
  auto walk_of(keyed_walk<T, Selector>& walk, record_batch<T>& batch) {
    return [&](std::size_t first, std::size_t last, auto&& f) {
      walk.for_each(keyed_.store(), batch, first, last, f);
    };
  }

  keyed_walk<A, SelectorA> first_;
  keyed_walk<B, SelectorB> second_;
  keyed_part<key_type> keyed_;
};

} // namespace flow
