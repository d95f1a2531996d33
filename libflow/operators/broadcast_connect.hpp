#pragma once

#include <deque>

#include "libflow/core/codec.hpp"
#include "libflow/functions/context.hpp"
#include "libflow/operators/operator.hpp"
#include "libflow/operators/user_error.hpp"
#include "libflow/state/operator_state.hpp"
#include "libflow/time/watermark_valve.hpp"

namespace flow {

/// A stream and a broadcast stream. Broadcast records change the state, the
/// others read it. With `wait`, records wait in the operator's state until the
/// broadcast input has ended; the watermark waits with them, because it is the
/// minimum over both inputs and an input that waits has none.
/// The broadcast side never pauses: what it emits is nothing.
template <class A, class B, class Key, class Value, class Out,
          class OnBroadcast, class OnRecord>
class broadcast_connect_operator final : public operator_base {
public:
  broadcast_connect_operator(std::string name, receiver<Out>& out,
                             OnBroadcast on_broadcast, OnRecord on_record,
                             bool wait)
    : operator_base(std::move(name)), on_broadcast_(std::move(on_broadcast)),
      on_record_(std::move(on_record)), waiting_(wait), collector_(out),
      records_(*this), broadcast_(*this) {}

  receiver_base& input(std::size_t index) override {
    if (index == 0)
      return records_;
    return broadcast_;
  }

  /// Of a broadcast side that was only stopped not all is known: what waits
  /// stays in the state.
  void input_ended(std::size_t index, bool whole) override {
    if (index != 1 || !whole)
      return;
    waiting_ = false;
    forward(valve_.finish(1));
    resume();
  }

  [[nodiscard]] bool pending() const override {
    return !waiting_ && !inbox_.empty();
  }

  /// Goes on by one piece at most where one is not the whole: the chain looks
  /// at its clock and calls again.
  void resume() override {
    while (!waiting_ && !inbox_.empty() && !output_full()
           && step(inbox_.front()))
      inbox_.pop_front();
  }

  [[nodiscard]] operator_capture capture(const snapshot_context&) override {
    operator_capture result;
    {
      byte_writer out{result.broadcast};
      codec<std::map<Key, Value>>::encode(state_.entries(), out);
      out.write_bool(waiting_);
    }
    for (const item& each : inbox_)
      if (each.batch)
        snapshot_records(*each.batch, result.list);
    return result;
  }

  expected<void> restore(std::span<const operator_snapshot> parts) override {
    for (const auto& part : parts)
      if (auto read = restore_part(part); !read)
        return read;
    return {};
  }

  [[nodiscard]] std::size_t state_bytes() const override {
    std::size_t sum = state_.entries().size() * sizeof(std::pair<Key, Value>);
    for (const item& each : inbox_)
      sum += each.batch ? each.batch->bytes() : 0;
    return sum;
  }

private:
  using state = broadcast_state<Key, Value>;

  struct item {
    record_batch_ptr<A> batch; // null: a watermark or a status
    std::size_t position = 0;
    timestamp mark = min_timestamp;
    std::optional<stream_status> status;
  };

  struct records_input final : receiver<A> {
    explicit records_input(broadcast_connect_operator& it) : owner(it) {}
    void receive(record_batch_ptr<A> batch) override {
      owner.counts_.records_in += batch->size();
      owner.enqueue({std::move(batch), 0, min_timestamp, {}});
    }
    void receive_watermark(timestamp mark) override {
      owner.forward(owner.valve_.watermark(0, mark));
    }
    void receive_status(stream_status status) override {
      owner.forward(owner.valve_.status(0, status));
    }
    [[nodiscard]] bool full() const override {
      return owner.pending() || owner.output_full();
    }
    broadcast_connect_operator& owner;
  };

  struct broadcast_receiver final : receiver<B> {
    explicit broadcast_receiver(broadcast_connect_operator& it) : owner(it) {}
    void receive(record_batch_ptr<B> batch) override {
      owner.on_broadcast(*batch);
    }
    void receive_watermark(timestamp mark) override {
      owner.forward(owner.valve_.watermark(1, mark));
    }
    void receive_status(stream_status status) override {
      owner.forward(owner.valve_.status(1, status));
    }
    [[nodiscard]] bool full() const override { return owner.pending(); }
    broadcast_connect_operator& owner;
  };

  void on_broadcast(const record_batch<B>& batch) {
    const auto values = batch.values();
    std::size_t at = 0;
    counts_.records_in += values.size();
    guard_user_code(
      name(),
      [&] {
        for (; at < values.size(); ++at)
          on_broadcast_(values[at], state_);
      },
      [&] { return describe_record(values[at]); });
  }

  void enqueue(item next) {
    inbox_.push_back(std::move(next));
    if (inbox_.size() == 1)
      resume();
  }

  /// Combined watermarks keep their place behind the records that wait.
  void forward(const valve_output& combined) {
    if (combined.status == stream_status::active)
      enqueue({nullptr, 0, min_timestamp, stream_status::active});
    if (combined.watermark)
      enqueue({nullptr, 0, *combined.watermark, {}});
    if (combined.status == stream_status::idle)
      enqueue({nullptr, 0, min_timestamp, stream_status::idle});
  }

  bool step(item& front) {
    if (front.batch)
      return step_batch(front);
    if (front.status) {
      collector_.target().receive_status(*front.status);
      sides_.receive_status(*front.status);
      return true;
    }
    watermark_ = front.mark;
    collector_.target().receive_watermark(front.mark);
    sides_.receive_watermark(front.mark);
    return true;
  }

  bool step_batch(item& front) {
    const auto values = std::as_const(*front.batch).values();
    const auto stamps = front.batch->timestamps();
    const std::size_t last = std::min(
      front.position + limits::records_per_amplifying_call, values.size());
    process_context context{sides_};
    std::size_t& at = front.position;
    guard_user_code(
      name(),
      [&] {
        for (; at < last; ++at) {
          collector_.stamp(stamps[at]);
          context.advance(stamps[at], watermark_);
          on_record_(values[at], std::as_const(state_), context, collector_);
        }
        collector_.flush();
        sides_.flush();
      },
      [&] { return at < last ? describe_record(values[at]) : std::string{}; });
    counts_.records_out = collector_.emitted();
    return last == values.size();
  }

  [[nodiscard]] bool output_full() const {
    return collector_.full() || sides_.full();
  }

  static void snapshot_records(const record_batch<A>& batch,
                               std::vector<byte_string>& entries) {
    const auto values = batch.values();
    for (std::size_t i = 0; i < values.size(); ++i) {
      byte_writer out{entries.emplace_back()};
      out.write_int(batch.timestamps()[i]);
      codec<A>::encode(values[i], out);
    }
  }

  expected<void> restore_part(const operator_snapshot& part) {
    std::map<Key, Value> entries;
    byte_reader broadcast{part.broadcast};
    bool waits = false;
    if (!codec<std::map<Key, Value>>::decode(broadcast, entries)
        || !broadcast.read_bool(waits) || !broadcast.finished())
      return damaged();
    for (auto& [key, value] : entries)
      state_.set(key, std::move(value));
    waiting_ = waiting_ && waits;
    auto batch = record_batch<A>::make();
    for (const auto& entry : part.list) {
      byte_reader in{entry};
      timestamp stamp = min_timestamp;
      A value{};
      if (!in.read_int(stamp) || !codec<A>::decode(in, value) || !in.finished())
        return damaged();
      batch->append(std::move(value), stamp);
    }
    if (!batch->empty())
      inbox_.push_back({std::move(batch), 0, min_timestamp, {}});
    return {};
  }

  [[nodiscard]] error damaged() const {
    return {error_code::corrupt_data,
            "operator \"" + name() + "\": its broadcast state is damaged"};
  }

  OnBroadcast on_broadcast_;
  OnRecord on_record_;
  bool waiting_;
  state state_;
  collector<Out> collector_;
  watermark_valve valve_{2};
  timestamp watermark_ = min_timestamp;
  std::deque<item> inbox_;
  records_input records_;
  broadcast_receiver broadcast_;
};

} // namespace flow
