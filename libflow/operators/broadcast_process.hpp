#pragma once

#include <vector>

#include "libflow/core/codec.hpp"
#include "libflow/operators/broadcast_part.hpp"
#include "libflow/operators/function_operator.hpp"
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
class broadcast_process_operator final
  : public function_operator<two_input_operator<A, B, Out>, Out, Function> {
  using base = function_operator<two_input_operator<A, B, Out>, Out, Function>;

public:
  broadcast_process_operator(std::string name, receiver<Out>& out,
                             Function function, bool wait)
    : base(std::move(name), out, std::move(function)), waiting_(wait) {}

  void open(const operator_context& context) override {
    base::open(context);
    broadcast_.open(context);
    broadcast_runtime_context runtime{broadcast_.side(), context.place,
                                      &this->operator_states_};
    this->open_with(runtime);
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
    std::size_t sum = broadcast_.bytes();
    for (const auto& each : this->inbox())
      sum += each.records ? each.records->bytes() : 0;
    return sum;
  }

private:
  void process_first(record_batch<A>& batch, std::size_t first,
                     std::size_t last) override {
    this->each(std::as_const(batch), first, last,
               [&](const A& value, process_context& context) {
                 this->function_.process(value, context, this->collector_);
               });
  }
  void process_second(record_batch<B>& batch, std::size_t first,
                      std::size_t last) override {
    broadcast_.writing([&] {
      this->each(std::as_const(batch), first, last,
                 [&](const B& value, process_context& context) {
                   this->function_.process_broadcast(value, context,
                                                     this->collector_);
                 });
    });
  }

  [[nodiscard]] bool holding() const override { return waiting_; }
  [[nodiscard]] bool take_second_now() const override { return waiting_; }

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

  broadcast_part broadcast_;
  bool waiting_;
};

/// The same with state and timers per key of the first stream: `process(const
/// A&, keyed_context<K>&, collector<Out>&)`, `on_timer` as of a keyed process
/// function, and `process_broadcast(const B&, keyed_broadcast_context<K>&,
/// collector<Out>&)`, for which no key is current.
template <class A, class B, class Out, class Selector, class Function>
class keyed_broadcast_process_operator final
  : public keyed_function_operator<two_input_operator<A, B, Out>,
                                   key_of<A, Selector>, Out, Function> {
  using base = keyed_function_operator<two_input_operator<A, B, Out>,
                                       key_of<A, Selector>, Out, Function>;

public:
  using key_type = key_of<A, Selector>;

  keyed_broadcast_process_operator(std::string name, receiver<Out>& out,
                                   Selector selector, Function function)
    : base(std::move(name), out, std::move(function)),
      blocks_(std::move(selector)) {}

  void open(const operator_context& context) override {
    base::open(context);
    broadcast_.open(context);
    auto& states = blocks_.open(context);
    this->timers_.open(states, context.time);
    keyed_broadcast_runtime_context<key_type> runtime{
      broadcast_.side(), context.place, states, &this->operator_states_};
    this->open_with(runtime);
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
    return blocks_.bytes() + broadcast_.bytes();
  }

private:
  void process_first(record_batch<A>& batch, std::size_t first,
                     std::size_t last) override {
    this->each_keyed(
      batch, first, last,
      [&](std::size_t from, std::size_t to, auto&& f) {
        blocks_.for_each(batch, from, to, f);
      },
      [&](const A& value, keyed_context<key_type>& context) {
        this->function_.process(value, context, this->collector_);
      });
  }

  void process_second(record_batch<B>& batch, std::size_t first,
                      std::size_t last) override {
    using side_context = keyed_broadcast_context<key_type>;
    side_context context{this->sides_, this->time_, blocks_.store()};
    broadcast_.writing([&] {
      this->each_with(std::as_const(batch), first, last, context,
                      [&](const B& value, side_context& told) {
                        this->function_.process_broadcast(value, told,
                                                          this->collector_);
                      });
    });
  }

  keyed_blocks<A, Selector> blocks_;
  broadcast_part broadcast_;
};

} // namespace flow
