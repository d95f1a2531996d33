#pragma once

#include <vector>

#include "libflow/core/codec.hpp"
#include "libflow/operators/broadcast_part.hpp"
#include "libflow/operators/function_timers.hpp"
#include "libflow/operators/keyed_blocks.hpp"
#include "libflow/operators/two_input.hpp"

namespace flow {

/// A function over a stream and a broadcast stream: `process(const A&,
/// process_context&, collector<Out>&)` reads what `process_broadcast(const B&,
/// process_context&, collector<Out>&)` writes. It asks for its states in
/// `void open(broadcast_runtime_context&)`.
///
/// With `wait`, records wait in the operator's state until the broadcast input
/// has ended, and the watermark with them. What the broadcast side emits
/// meanwhile is not held back by a full output.
template <class A, class B, class Out, class Function>
class broadcast_process_operator final : public two_input_operator<A, B, Out> {
  using base = two_input_operator<A, B, Out>;

public:
  broadcast_process_operator(std::string name, receiver<Out>& out,
                             Function function, bool wait)
    : base(std::move(name), out), function_(std::move(function)),
      collector_(out), waiting_(wait) {}

  void open(const operator_context& context) override {
    base::open(context);
    broadcast_.open(context);
    broadcast_runtime_context runtime{broadcast_.side(), context.place};
    guard_user_code(
      this->name(), [&] { open_function(function_, runtime); },
      [] { return std::string{}; });
  }

  /// Of a broadcast side that was only stopped not all is known: what waits
  /// stays in the state.
  void input_ended(std::size_t index, bool whole) override {
    base::input_ended(index, whole);
    if (index != 1 || !whole)
      return;
    waiting_ = false;
    this->resume();
  }

  [[nodiscard]] operator_capture capture(const snapshot_context&) override {
    operator_capture result;
    result.broadcast = broadcast_.capture(waiting_);
    for (const auto& each : this->inbox())
      if (each.records)
        capture_records(static_cast<const record_batch<A>&>(*each.records),
                        result.list);
    return result;
  }

  expected<void> restore(std::span<const operator_snapshot> parts) override {
    bool waited = false;
    if (auto read = broadcast_.restore(parts, waited); !read)
      return read;
    waiting_ = waiting_ && waited;
    auto batch = record_batch<A>::make();
    for (const auto& part : parts)
      for (const auto& entry : part.list)
        if (!restore_record(entry, *batch))
          return error{error_code::corrupt_data,
                       "operator \"" + this->name()
                         + "\": a record that waited is damaged",
                       error_severity::fatal};
    if (!batch->empty())
      this->enqueue({base::kind::batch, 0, std::move(batch), 0, 0});
    return {};
  }

  [[nodiscard]] std::size_t state_bytes() const override {
    std::size_t sum = 0;
    for (const auto& each : this->inbox())
      sum += each.records ? each.records->bytes() : 0;
    return sum;
  }

  void close() override { close_function(function_); }

private:
  void process_first(record_batch<A>& batch, std::size_t first,
                     std::size_t last) override {
    each(batch, first, last, [&](const A& value, process_context& context) {
      function_.process(value, context, collector_);
    });
  }
  void process_second(record_batch<B>& batch, std::size_t first,
                      std::size_t last) override {
    broadcast_.writing([&] {
      each(batch, first, last, [&](const B& value, process_context& context) {
        function_.process_broadcast(value, context, collector_);
      });
    });
  }

  [[nodiscard]] bool holding() const override { return waiting_; }
  [[nodiscard]] bool take_second_now() const override { return waiting_; }

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

  static void capture_records(const record_batch<A>& batch,
                              std::vector<byte_string>& entries) {
    const auto values = batch.values();
    for (std::size_t i = 0; i < values.size(); ++i) {
      byte_writer out{entries.emplace_back()};
      out.write_int(batch.timestamps()[i]);
      codec<A>::encode(values[i], out);
    }
  }
  [[nodiscard]] static bool restore_record(std::span<const std::byte> entry,
                                           record_batch<A>& batch) {
    byte_reader in{entry};
    timestamp stamp = min_timestamp;
    A value{};
    if (!in.read_int(stamp) || !codec<A>::decode(in, value) || !in.finished())
      return false;
    batch.append(std::move(value), stamp);
    return true;
  }

  Function function_;
  collector<Out> collector_;
  broadcast_part broadcast_;
  bool waiting_;
};

/// The same with state and timers per key of the first stream: `process(const
/// A&, keyed_context<K>&, collector<Out>&)`, `on_timer` as of a keyed process
/// function, and `process_broadcast(const B&, keyed_broadcast_context<K>&,
/// collector<Out>&)`, for which no key is current.
template <class A, class B, class Out, class Selector, class Function>
class keyed_broadcast_process_operator final
  : public two_input_operator<A, B, Out> {
  using base = two_input_operator<A, B, Out>;

public:
  using key_type = key_of<A, Selector>;

  keyed_broadcast_process_operator(std::string name, receiver<Out>& out,
                                   Selector selector, Function function)
    : base(std::move(name), out), blocks_(std::move(selector)),
      function_(std::move(function)), collector_(out) {}

  void open(const operator_context& context) override {
    base::open(context);
    broadcast_.open(context);
    auto& states = blocks_.open(context);
    timers_.open(states, context.time);
    keyed_broadcast_runtime_context<key_type> runtime{broadcast_.side(),
                                                      context.place, states};
    guard_user_code(
      this->name(), [&] { open_function(function_, runtime); },
      [] { return std::string{}; });
  }

  [[nodiscard]] operator_capture capture(const snapshot_context&) override {
    auto result = blocks_.capture();
    result.broadcast = broadcast_.capture(false);
    return result;
  }
  expected<void> restore(std::span<const operator_snapshot> parts) override {
    bool waited = false;
    if (auto read = broadcast_.restore(parts, waited); !read)
      return read;
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
  void process_first(record_batch<A>& batch, std::size_t first,
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
            function_.process(values[at], context, collector_);
          });
        hand_on();
      },
      [&] { return describe_record(values[at]); });
  }

  void process_second(record_batch<B>& batch, std::size_t first,
                      std::size_t last) override {
    const auto values = std::as_const(batch).values();
    const auto stamps = batch.timestamps();
    keyed_broadcast_context<key_type> context{this->sides_, this->time_,
                                              blocks_.store()};
    std::size_t at = first;
    guard_user_code(
      this->name(),
      [&] {
        broadcast_.writing([&] {
          for (; at < last; ++at) {
            collector_.stamp(stamps[at]);
            context.advance(stamps[at], this->current_watermark());
            function_.process_broadcast(values[at], context, collector_);
          }
        });
        hand_on();
      },
      [&] { return at < last ? describe_record(values[at]) : std::string{}; });
  }

  void hand_on() {
    collector_.flush();
    this->sides_.flush();
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

  keyed_blocks<A, Selector> blocks_;
  function_timers<key_type, Out, Function> timers_;
  Function function_;
  collector<Out> collector_;
  broadcast_part broadcast_;
};

} // namespace flow
