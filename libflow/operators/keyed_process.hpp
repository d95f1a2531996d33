#pragma once

#include "libflow/functions/function.hpp"
#include "libflow/functions/keyed_context.hpp"
#include "libflow/operators/function_timers.hpp"
#include "libflow/operators/keyed_blocks.hpp"
#include "libflow/operators/one_input.hpp"

namespace flow {

/// A function with state and timers per key:
/// `void(const In&, keyed_context<K>&, collector<Out>&)`, a call operator or a
/// member `process`; for timers also `void on_timer(timestamp,
/// timer_context<K>&, collector<Out>&)`. It asks for its states in
/// `void open(keyed_runtime_context<K>&)`.
template <class In, class Out, class Selector, class Function>
class keyed_process_operator final : public pausable_operator<In, Out> {
  using base = pausable_operator<In, Out>;

public:
  using key_type = key_of<In, Selector>;

  keyed_process_operator(std::string name, receiver<Out>& out,
                         Selector selector, Function function)
    : base(std::move(name), out), blocks_(std::move(selector)),
      function_(std::move(function)), collector_(out) {}

  void open(const operator_context& context) override {
    base::open(context);
    auto& states = blocks_.open(context);
    timers_.open(states, context.time);
    keyed_runtime_context<key_type> runtime{context.place, states};
    guard_user_code(
      this->name(), [&] { open_function(function_, runtime); },
      [] { return std::string{}; });
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
  [[nodiscard]] timer_counts timers() const override {
    return timers_.counts();
  }

  void close() override { close_function(function_); }

private:
  void process(record_batch<In>& batch, std::size_t first,
               std::size_t last) override {
    const auto values = std::as_const(batch).values();
    const auto stamps = batch.timestamps();
    keyed_context<key_type> context{this->sides_, this->time_,
                                    timers_.service()};
    std::size_t at = first;
    guard_user_code(
      this->name(),
      [&] {
        blocks_.for_each(
          batch, first, last, [&](std::size_t index, const key_type& key) {
            at = index;
            collector_.stamp(stamps[at]);
            context.advance(stamps[at], this->current_watermark());
            context.select(key);
            call(values[at], context);
          });
        collector_.flush();
        this->sides_.flush();
      },
      [&] { return describe_record(values[at]); });
    this->counts_.records_out = collector_.emitted();
  }

  void call(const In& value, keyed_context<key_type>& context) {
    if constexpr (requires { function_.process(value, context, collector_); })
      function_.process(value, context, collector_);
    else
      function_(value, context, collector_);
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

  keyed_blocks<In, Selector> blocks_;
  function_timers<key_type, Out, Function> timers_;
  Function function_;
  collector<Out> collector_;
};

} // namespace flow
