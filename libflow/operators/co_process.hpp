#pragma once

#include "libflow/functions/two_input_function.hpp"
#include "libflow/operators/function_timers.hpp"
#include "libflow/operators/keyed_blocks.hpp"
#include "libflow/operators/two_input.hpp"

namespace flow {

/// One function over the records of two streams:
/// `process_first(const A&, process_context&, collector<Out>&)` and
/// `process_second(const B&, ...)`.
template <class A, class B, class Out, class Function>
class co_process_operator final : public two_input_operator<A, B, Out> {
  using base = two_input_operator<A, B, Out>;

public:
  co_process_operator(std::string name, receiver<Out>& out, Function function)
    : base(std::move(name), out), function_(std::move(function)),
      collector_(out) {}

  void open(const operator_context& context) override {
    base::open(context);
    runtime_context runtime{context.place};
    guard_user_code(
      this->name(), [&] { open_function(function_, runtime); },
      [] { return std::string{}; });
  }

  void close() override { close_function(function_); }

private:
  void process_first(record_batch<A>& batch, std::size_t first,
                     std::size_t last) override {
    each(batch, first, last, [&](const A& value, process_context& context) {
      function_.process_first(value, context, collector_);
    });
  }
  void process_second(record_batch<B>& batch, std::size_t first,
                      std::size_t last) override {
    each(batch, first, last, [&](const B& value, process_context& context) {
      function_.process_second(value, context, collector_);
    });
  }

  template <class T, class F>
  void each(const record_batch<T>& batch, std::size_t first, std::size_t last,
            F&& f) {
    const auto values = batch.values();
    const auto stamps = batch.timestamps();
    process_context context{this->sides_, this->time_};
    std::size_t at = first;
    guard_user_code(
      this->name(),
      [&] {
        for (; at < last; ++at) {
          collector_.stamp(stamps[at]);
          context.advance(stamps[at], this->current_watermark());
          f(values[at], context);
        }
        collector_.flush();
        this->sides_.flush();
      },
      [&] { return at < last ? describe_record(values[at]) : std::string{}; });
    this->counts_.records_out = collector_.emitted();
  }

  Function function_;
  collector<Out> collector_;
};

/// The same with state and timers per key; both streams are keyed, by keys of
/// one type. The context is keyed_context<K>, and `on_timer` as of a keyed
/// process function.
template <class A, class B, class Out, class SelectorA, class SelectorB,
          class Function>
class keyed_co_process_operator final : public two_input_operator<A, B, Out> {
  using base = two_input_operator<A, B, Out>;

public:
  using key_type = key_of<A, SelectorA>;
  static_assert(std::is_same_v<key_type, key_of<B, SelectorB>>,
                "flow: both streams are keyed by keys of one type");

  keyed_co_process_operator(std::string name, receiver<Out>& out,
                            SelectorA first, SelectorB second,
                            Function function)
    : base(std::move(name), out), first_(std::move(first)),
      second_(std::move(second)), function_(std::move(function)),
      collector_(out) {}

  void open(const operator_context& context) override {
    base::open(context);
    auto& states = keyed_.open(context);
    timers_.open(states, context.time);
    keyed_runtime_context<key_type> runtime{context.place, states};
    guard_user_code(
      this->name(), [&] { open_function(function_, runtime); },
      [] { return std::string{}; });
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
  [[nodiscard]] timer_counts timers() const override {
    return timers_.counts();
  }

  void close() override { close_function(function_); }

private:
  void process_first(record_batch<A>& batch, std::size_t first,
                     std::size_t last) override {
    each(first_, batch, first, last,
         [&](const A& value, keyed_context<key_type>& context) {
           function_.process_first(value, context, collector_);
         });
  }
  void process_second(record_batch<B>& batch, std::size_t first,
                      std::size_t last) override {
    each(second_, batch, first, last,
         [&](const B& value, keyed_context<key_type>& context) {
           function_.process_second(value, context, collector_);
         });
  }

  template <class T, class Selector, class F>
  void each(keyed_walk<T, Selector>& walk, record_batch<T>& batch,
            std::size_t first, std::size_t last, F&& f) {
    const auto values = std::as_const(batch).values();
    const auto stamps = batch.timestamps();
    keyed_context<key_type> context{this->sides_, this->time_,
                                    timers_.service()};
    std::size_t at = first;
    guard_user_code(
      this->name(),
      [&] {
        walk.for_each(keyed_.store(), batch, first, last,
                      [&](std::size_t index, const key_type& key) {
                        at = index;
                        collector_.stamp(stamps[at]);
                        context.advance(stamps[at], this->current_watermark());
                        context.select(key);
                        f(values[at], context);
                      });
        collector_.flush();
        this->sides_.flush();
      },
      [&] { return describe_record(values[at]); });
    this->counts_.records_out = collector_.emitted();
  }

  bool advance_to(timestamp mark) override {
    return fire(time_domain::event, mark);
  }
  [[nodiscard]] std::optional<timestamp>
  next_processing_timer() const override {
    return timers_.next_processing();
  }
  bool fire_processing(timestamp now) override {
    return fire(time_domain::processing, now);
  }

  bool fire(time_domain domain, timestamp upto) {
    const bool done = timers_.fire(domain, upto,
                                   {this->name(), function_, collector_,
                                    this->sides_, this->current_watermark()});
    this->counts_.records_out = collector_.emitted();
    return done;
  }

  keyed_walk<A, SelectorA> first_;
  keyed_walk<B, SelectorB> second_;
  keyed_part<key_type> keyed_;
  function_timers<key_type, Out, Function> timers_;
  Function function_;
  collector<Out> collector_;
};

} // namespace flow
