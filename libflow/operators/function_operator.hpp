#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "libflow/functions/function.hpp"
#include "libflow/operators/function_timers.hpp"
#include "libflow/operators/inspection.hpp"
#include "libflow/operators/stepping.hpp"

namespace flow {

/// What operators have in common that call a function of the author's for each
/// record, with a context and a collector. `Base` says what comes in.
template <class Base, class Out, class Function>
class function_operator : public Base {
public:
  function_operator(std::string name, receiver<Out>& out, Function function)
    : Base(std::move(name), out), function_(std::move(function)),
      collector_(out) {}

  void close() override { close_function(function_); }

protected:
  template <class Runtime>
  void open_with(Runtime& runtime) {
    guard_user_code(
      this->name(), [&] { open_function(function_, runtime); },
      [] { return std::string{}; });
  }

  /// Calls f(value, context) for the records [first, last).
  template <class T, class F>
  void each(const record_batch<T>& batch, std::size_t first, std::size_t last,
            F&& f) {
    process_context context{this->sides_, this->time_};
    each_with(batch, first, last, context, f);
  }
  template <class T, class Context, class F>
  void each_with(const record_batch<T>& batch, std::size_t first,
                 std::size_t last, Context& context, F&& f) {
    const auto values = batch.values();
    const auto stamps = batch.timestamps();
    std::size_t at = first;
    this->guard_records(at, last, values, stamps, [&] {
      for (; at < last; ++at) {
        collector_.stamp(stamps[at]);
        context.advance(stamps[at], this->current_watermark());
        f(values[at], context);
      }
      hand_on();
    });
  }

  void hand_on() {
    collector_.flush();
    this->sides_.flush();
    this->counts_.records_out = collector_.emitted();
  }

  Function function_;
  collector<Out> collector_;

private:
  void after_restore() override {
    guard_user_code(
      this->name(), [&] { tell_restored(function_); },
      [] { return std::string{}; });
  }
};

/// The same for functions over records with keys of type K: with state, and
/// with timers where they have `on_timer`.
template <class Base, class K, class Out, class Function>
class keyed_function_operator : public function_operator<Base, Out, Function>,
                                public keyed_inspection<K> {
  using base = function_operator<Base, Out, Function>;

public:
  using base::base;

  [[nodiscard]] timer_counts timers() override { return timers_.counts(); }
  [[nodiscard]] timer_counts timers_of(const K& key) override {
    return timers_.counts(key);
  }

protected:
  /// Calls f(value, context) for the records [first, last), each with its key
  /// current; `walk(first, last, g)` calls g(index, key).
  template <class T, class Walk, class F>
  void each_keyed(record_batch<T>& batch, std::size_t first, std::size_t last,
                  Walk&& walk, F&& f) {
    const auto values = std::as_const(batch).values();
    const auto stamps = batch.timestamps();
    keyed_context<K> context{this->sides_, this->time_, timers_.service()};
    std::size_t at = first;
    this->guard_records(at, last, values, stamps, [&] {
      walk(at, last, [&](std::size_t index, const K& key) {
        at = index;
        this->collector_.stamp(stamps[at]);
        context.advance(stamps[at], this->current_watermark());
        context.select(key);
        f(values[at], context);
      });
      at = last;
      this->hand_on();
    });
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

  function_timers<K, Out, Function> timers_;

private:
  bool fire(time_domain domain, timestamp upto) {
    const bool done =
      timers_.fire(domain, upto,
                   {this->name(), this->function_, this->collector_,
                    this->sides_, this->current_watermark()});
    this->counts_.records_out = this->collector_.emitted();
    return done;
  }
};

} // namespace flow
