#pragma once

#include <algorithm>
#include <chrono>
#include <limits>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "libflow/core/codec.hpp"
#include "libflow/functions/async_future.hpp"
#include "libflow/functions/async_promise.hpp"
#include "libflow/functions/function.hpp"
#include "libflow/operators/async_queue.hpp"
#include "libflow/operators/guarding_operator.hpp"
#include "libflow/operators/inspection.hpp"

namespace flow {

/// A function that answers later, through a promise. At most `capacity`
/// records have requests on their way or results that wait for others to go
/// first; records beyond wait, and hold the chain up.
/// Watermarks keep their place among the records: ordered or not, no result
/// passes one. Records whose results are not out are in the snapshot; a restore
/// makes their requests again, before any new input.
/// @thread the subtask; answers may come on any
template <class In, class Out, class Function>
class async_operator final : public guarding_operator,
                             public receiver<In>,
                             public async_inspection {
  using queue = async_queue<In, Out>;
  using nanoseconds = std::chrono::nanoseconds;

public:
  async_operator(std::string name, receiver<Out>& out, Function function,
                 async_order order, async_options options)
    : guarding_operator(std::move(name)), out_(&out),
      function_(std::move(function)), options_(options), queue_(order),
      collector_(out) {}

  void open(const operator_context& context) override {
    time_ = context.time;
    inbox_ = std::make_shared<detail::async_inbox<Out>>(context.wake);
    runtime_context runtime{context.place, &this->operator_states_};
    guard_user_code(
      name(), [&] { open_function(function_, runtime); },
      [] { return std::string{}; });
  }

  void close() override {
    if (inbox_)
      inbox_->close();
    close_function(function_);
  }

  receiver_base& input(std::size_t) override { return *this; }

  void receive(record_batch_ptr<In> batch) override {
    counts_.records_in += batch->size();
    const auto values = std::as_const(*batch).values();
    for (std::size_t i = 0; i < values.size(); ++i)
      queue_.push({.value = values[i], .stamp = batch->timestamps()[i]});
    work();
  }
  void receive_watermark(timestamp mark) override {
    queue_.push({.what = queue::kind::watermark, .stamp = mark});
    work();
  }
  void receive_status(stream_status status) override {
    queue_.push({.what = status == stream_status::idle ? queue::kind::idle
                                                       : queue::kind::active});
    work();
  }

  [[nodiscard]] bool full() const override {
    return queue_.waiting() > 0 || output_full();
  }
  [[nodiscard]] bool pending() const override {
    return queue_.waiting() > 0 || stuck_ || (finishing_ && !queue_.empty());
  }
  [[nodiscard]] bool waiting() const override {
    return !stuck_ && inbox_->empty();
  }
  void resume() override { work(); }

  void finish() override {
    finishing_ = true;
    work();
  }

  /// At once when an answer is there; else the next timeout or retry.
  [[nodiscard]] nanoseconds next_deadline() const override {
    if (!inbox_->empty())
      return time_->steady();
    const auto next =
      alarms_.empty() ? nanoseconds::max() : alarms_.begin()->first;
    return polling_ ? std::min(next, last_poll_ + poll_interval) : next;
  }
  void on_time(nanoseconds) override { work(); }

  [[nodiscard]] operator_capture capture(const snapshot_context&) override {
    operator_capture result;
    queue_.for_each_record([&](const auto& each) {
      byte_writer out{result.list.emplace_back()};
      out.write_int(each.stamp);
      codec<In>::encode(each.value, out);
    });
    return result;
  }
  expected<void> restore(std::span<const operator_snapshot> parts) override {
    for (const auto& part : parts)
      for (const auto& entry : part.list) {
        byte_reader in{entry};
        typename queue::entry one;
        if (!in.read_int(one.stamp) || !codec<In>::decode(in, one.value)
            || !in.finished())
          return error{error_code::corrupt_data,
                       "operator \"" + name()
                         + "\": a record whose request was on its way is "
                           "damaged",
                       error_severity::fatal};
        queue_.push(std::move(one));
      }
    work();
    return {};
  }

  [[nodiscard]] std::size_t state_bytes() const override {
    return (queue_.waiting() + queue_.running())
           * sizeof(typename queue::entry);
  }

  [[nodiscard]] std::size_t in_flight() const noexcept override {
    return queue_.running();
  }
  [[nodiscard]] bool can_accept() const noexcept override {
    return queue_.waiting() == 0 && queue_.started() < options_.capacity;
  }

private:
  static constexpr nanoseconds poll_interval = std::chrono::milliseconds{1};

  enum class alarm : std::uint8_t { timeout, retry };

  [[nodiscard]] bool output_full() const {
    return out_->full() || sides_.full();
  }

  /// Takes what has come, makes requests, emits: until nothing changes.
  void work() {
    do {
      poll();
      take_answers();
      ring_alarms();
      start();
      emit();
    } while (!stuck_ && (!inbox_->empty() || may_start()));
  }

  void poll() {
    if constexpr (polled_function<Function>) {
      guard_user_code(
        name(), [&] { polling_ = function_.poll(); },
        [] { return std::string{}; });
      last_poll_ = time_->steady();
    }
  }

  [[nodiscard]] bool may_start() const noexcept {
    return queue_.waiting() > 0 && queue_.started() < options_.capacity;
  }

  void start() {
    while (may_start()) {
      const std::uint64_t number = queue_.start_next();
      if (options_.timeout.count() > 0)
        alarms_.emplace(time_->steady() + options_.timeout,
                        std::pair{number, alarm::timeout});
      request(number);
    }
  }

  void request(std::uint64_t number) {
    auto& record = *queue_.find(number);
    const In value = record.value;
    const async_promise<Out> promise{inbox_, number, ++record.attempt};
    call(number, [&] { function_(value, promise); });
    polling_ = polling_ || polled_function<Function>;
  }

  void take_answers() {
    for (auto& answer : inbox_->take()) {
      auto* record = queue_.find(answer.request);
      if (record == nullptr || record->how != queue::state::running
          || record->attempt != answer.attempt)
        continue; // answered already
      if (!answer.failure)
        queue_.finish(answer.request, std::move(answer.results));
      else if (record->attempt < options_.attempts)
        alarms_.emplace(time_->steady() + options_.retry_delay,
                        std::pair{answer.request, alarm::retry});
      else
        fail(answer.request, *answer.failure);
    }
  }

  void ring_alarms() {
    while (!alarms_.empty() && alarms_.begin()->first <= time_->steady()) {
      const auto [number, what] = alarms_.begin()->second;
      alarms_.erase(alarms_.begin());
      auto* record = queue_.find(number);
      if (record == nullptr || record->how != queue::state::running)
        continue;
      if (what == alarm::timeout)
        time_out(number, *record);
      else if (record->attempt < options_.attempts)
        request(number); // else it has timed out meanwhile
    }
  }

  void time_out(std::uint64_t number, typename queue::entry& record) {
    if constexpr (requires(Function & f, const In& value,
                           async_promise<Out> promise) {
                    f.timeout(value, promise);
                  }) {
      record.attempt = options_.attempts; // what it answers is final
      const In value = record.value;
      const async_promise<Out> promise{inbox_, number, ++record.attempt};
      call(number, [&] { function_.timeout(value, promise); });
    } else {
      fail(number, "the request timed out");
    }
  }

  /// A record without an answer is left out, or fails the attempt.
  void fail(std::uint64_t number, const std::string& why) {
    call(number, [&] { throw std::runtime_error{why}; });
  }

  /// Runs f for a record whose request is on its way; one that is left out has
  /// no results.
  template <class F>
  void call(std::uint64_t number, F&& f) {
    const user_code_scope scope{name()};
    try {
      f();
    } catch (...) {
      const auto& record = *queue_.find(number);
      this->leave_out(record.value, record.stamp);
      queue_.finish(number, {});
      sides_.flush();
    }
  }

  void emit() {
    stuck_ = false;
    while (auto* next = queue_.next_out()) {
      if (output_full()) {
        stuck_ = true;
        break;
      }
      put_out(*next);
      queue_.mark_out();
    }
    collector_.flush();
    counts_.records_out = collector_.emitted();
  }

  void put_out(typename queue::entry& one) {
    using kind = typename queue::kind;
    if (one.what == kind::record) {
      for (Out& result : one.results)
        collector_.emit(std::move(result), one.stamp);
      return;
    }
    collector_.flush();
    if (one.what == kind::watermark) {
      out_->receive_watermark(one.stamp);
      sides_.receive_watermark(one.stamp);
      return;
    }
    const auto status =
      one.what == kind::idle ? stream_status::idle : stream_status::active;
    out_->receive_status(status);
    sides_.receive_status(status);
  }

  receiver<Out>* out_; // not owned
  Function function_;
  async_options options_;
  queue queue_;
  collector<Out> collector_;
  const clock* time_ = nullptr;
  std::shared_ptr<detail::async_inbox<Out>> inbox_; // from open on
  /// Timeouts and retries, by the steady clock.
  std::multimap<nanoseconds, std::pair<std::uint64_t, alarm>> alarms_;
  bool polling_ = false; ///< the function is asked whether answers have come
  nanoseconds last_poll_{0};
  bool stuck_ = false; ///< results wait for room downstream
  bool finishing_ = false;
};

} // namespace flow
