#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

#include "libflow/core/output_tag.hpp"
#include "libflow/functions/function.hpp"
#include "libflow/functions/interval_bounds.hpp"
#include "libflow/operators/inspection.hpp"
#include "libflow/operators/join_buffer.hpp"
#include "libflow/operators/keyed_blocks.hpp"
#include "libflow/operators/two_input.hpp"
#include "libflow/state/key_calendar.hpp"

namespace flow {

/// How an interval join is set up.
template <class A, class B>
struct interval_join_options {
  interval_bounds bounds;
  std::optional<output_tag<A>> late_left;
  std::optional<output_tag<B>> late_right;
};

/// Joins two keyed streams by time: a left and a right record of one key whose
/// timestamps lie within the bounds are handed to the function, `R(const A&,
/// const B&)`, or with `interval_join_context&, collector<Out>&` behind them.
///
/// A record is late, and joins with nothing, iff its timestamp is below the
/// watermark. A buffered record goes when the watermark reaches the last time
/// at which a partner could come: so a record at the very watermark can miss a
/// partner that has just gone. Each side of each key is looked at when the
/// earliest of its records is to go.
///
/// A record with many partners emits through a cursor that stops while the
/// output is full.
template <class A, class B, class Out, class SelectorA, class SelectorB,
          class Function>
class interval_join_operator final
  : public two_input_operator<A, B, Out>,
    public keyed_inspection<key_of<A, SelectorA>>,
    public join_inspection<key_of<A, SelectorA>, A, B> {
  using base = two_input_operator<A, B, Out>;
  using position = join_position;

public:
  using key_type = key_of<A, SelectorA>;
  static_assert(std::is_same_v<key_type, key_of<B, SelectorB>>,
                "flow: both streams are keyed by keys of one type");

  interval_join_operator(std::string name, receiver<Out>& out, SelectorA first,
                         SelectorB second, Function function,
                         interval_join_options<A, B> options)
    : base(std::move(name), out), first_(std::move(first)),
      second_(std::move(second)), function_(std::move(function)),
      collector_(out), options_(std::move(options)) {}

  void open(const operator_context& context) override {
    base::open(context);
    auto& states = keyed_.open(context);
    left_ =
      states.value(detail::lasting_value_descriptor<join_buffer<A>>{"left"})
        .value();
    right_ =
      states.value(detail::lasting_value_descriptor<join_buffer<B>>{"right"})
        .value();
    runtime_context runtime{context.place, &this->operator_states_};
    guard_user_code(
      this->name(), [&] { open_function(function_, runtime); },
      [] { return std::string{}; });
  }

  [[nodiscard]] operator_capture capture(const snapshot_context&) override {
    return keyed_.capture();
  }
  expected<void> restore(std::span<const operator_snapshot> parts) override {
    if (auto restored = keyed_.restore(parts); !restored)
      return restored;
    note_all(left_, left_times_, side::left);
    note_all(right_, right_times_, side::right);
    return {};
  }
  [[nodiscard]] std::size_t state_bytes() const override {
    return keyed_.bytes() + left_times_.bytes() + right_times_.bytes();
  }
  /// As many as the timers of buffered times that have one each, for their end.
  [[nodiscard]] timer_counts timers() override {
    return {times_in_all(left_) + times_in_all(right_), 0};
  }
  [[nodiscard]] timer_counts timers_of(const key_type& key) override {
    keyed_.store().select(key, key_hash(key));
    const std::size_t times =
      times_in(left_.value()) + times_in(right_.value());
    keyed_.store().end_block();
    return {times, 0};
  }

  [[nodiscard]] join_buffers<A, B> buffers_of(const key_type& key) override {
    join_buffers<A, B> result;
    keyed_.store().select(key, key_hash(key));
    left_.value().for_each([&](const position& at, const A& value) {
      result.left.push_back({value, at.time});
    });
    right_.value().for_each([&](const position& at, const B& value) {
      result.right.push_back({value, at.time});
    });
    keyed_.store().end_block();
    return result;
  }

  void close() override { close_function(function_); }

private:
  enum class side : std::uint8_t { left, right };

  /// When the keys of a side are to be looked at.
  using side_times = key_calendar<key_type>;

  void process_first(record_batch<A>& batch, std::size_t first,
                     std::size_t last) override {
    each(first_, batch, first, last, [&](const A& value, timestamp stamp) {
      if (!resumes_at_) {
        if (is_late(value, stamp, options_.late_left))
          return true;
        buffer(left_, left_times_, side::left, value, stamp);
      }
      return join(right_, options_.bounds.first_right(stamp),
                  options_.bounds.last_right(stamp),
                  [&](timestamp other, const B& right) {
                    call(value, right, {stamp, other});
                  });
    });
  }

  void process_second(record_batch<B>& batch, std::size_t first,
                      std::size_t last) override {
    each(second_, batch, first, last, [&](const B& value, timestamp stamp) {
      if (!resumes_at_) {
        if (is_late(value, stamp, options_.late_right))
          return true;
        buffer(right_, right_times_, side::right, value, stamp);
      }
      return join(left_, options_.bounds.first_left(stamp),
                  options_.bounds.last_left(stamp),
                  [&](timestamp other, const A& left) {
                    call(left, value, {other, stamp});
                  });
    });
  }

  /// f(value, stamp) returns false when the output is full before the record
  /// is done.
  template <class T, class Selector, class F>
  void each(keyed_walk<T, Selector>& walk, record_batch<T>& batch,
            std::size_t first, std::size_t last, F&& f) {
    const auto values = std::as_const(batch).values();
    const auto stamps = batch.timestamps();
    std::size_t at = first;
    this->guard_records(at, last, values, stamps, [&] {
      walk.for_each(keyed_.store(), batch, at, last,
                    [&](std::size_t index, const key_type&) {
                      at = index;
                      const bool done = f(values[at], stamps[at]);
                      if (!done)
                        this->pause_at(at);
                      return done;
                    });
      at = last;
      collector_.flush();
      this->sides_.flush();
    });
    this->counts_.records_out = collector_.emitted();
  }

  template <class T>
  bool is_late(const T& value, timestamp stamp,
               const std::optional<output_tag<T>>& late) {
    if (stamp == min_timestamp)
      throw std::invalid_argument{
        "an interval join needs records with timestamps"};
    if (stamp >= this->current_watermark())
      return false;
    ++this->counts_.late_records;
    if (late && this->sides_.consumed(late->name()))
      this->sides_.emit(*late, value, stamp);
    else
      ++this->counts_.late_dropped;
    return true;
  }

  template <class T>
  void buffer(value_state<join_buffer<T>>& into, side_times& times, side which,
              const T& value, timestamp stamp) {
    std::optional<timestamp> first;
    into.update([&](join_buffer<T>& records) {
      first = records.first_time();
      records.add(stamp, value);
    });
    if (!first || *first > stamp)
      times.note(end_of(which, stamp), keyed_.store().current_key(),
                 keyed_.store().current_hash());
  }

  [[nodiscard]] timestamp end_of(side which, timestamp stamp) const noexcept {
    return which == side::left ? options_.bounds.end_of_left(stamp)
                               : options_.bounds.end_of_right(stamp);
  }

  /// Calls f for the partners in [first, last]; false when the output was full
  /// before the last.
  template <class T, class F>
  bool join(value_state<join_buffer<T>>& with, timestamp first, timestamp last,
            F&& f) {
    const position from = resumes_at_ ? *resumes_at_ : position{first, 0};
    resumes_at_.reset();
    std::size_t pairs = 0;
    with.value().for_each_in(
      from, {last, position::last_number},
      [&](const position& at, const T& other) {
        if (++pairs % limits::records_per_amplifying_call == 0 && !has_room()) {
          resumes_at_ = at;
          return false;
        }
        f(at.time, other);
        return true;
      });
    return !resumes_at_;
  }

  bool has_room() {
    collector_.flush();
    return !this->output_full();
  }

  void call(const A& left, const B& right, interval_join_context context) {
    collector_.stamp(context.record_timestamp());
    if constexpr (std::is_invocable_v<Function&, const A&, const B&,
                                      interval_join_context&, collector<Out>&>)
      function_(left, right, context, collector_);
    else
      collector_.emit(Out(std::invoke(function_, left, right)));
  }

  bool advance_to(timestamp mark) override {
    firing_step step{*this->time_};
    return drop_due(left_, left_times_, side::left, mark, step)
           && drop_due(right_, right_times_, side::right, mark, step);
  }

  /// Looks at the keys of a side that are due; false when the step is over
  /// before.
  template <class T>
  bool drop_due(value_state<join_buffer<T>>& from, side_times& times,
                side which, timestamp mark, firing_step& step) {
    return times.look(keyed_.store(), mark, step,
                      [&](timestamp, const key_type&, std::uint64_t) {
                        drop_until(from, times, which, mark);
                        return true;
                      });
  }

  /// Drops what no partner can come for any more. A key that was noted for a
  /// record which another has come before is not due.
  template <class T>
  void drop_until(value_state<join_buffer<T>>& from, side_times& times,
                  side which, timestamp mark) {
    const auto first = from.value().first_time();
    if (!first || end_of(which, *first) > mark)
      return;
    from.update([&](join_buffer<T>& records) {
      records.drop_while(
        [&](timestamp at) { return end_of(which, at) <= mark; });
    });
    note_first(from, times, which);
    if (from.value().empty())
      from.clear();
  }

  template <class T>
  void note_first(value_state<join_buffer<T>>& of, side_times& times,
                  side which) {
    if (const auto first = of.value().first_time())
      times.note(end_of(which, *first), keyed_.store().current_key(),
                 keyed_.store().current_hash());
  }

  template <class T>
  static std::size_t times_in(const join_buffer<T>& of) {
    std::size_t count = 0;
    of.for_each([&](const position& at, const T&) {
      count += at.number == 0 ? 1 : 0; // the first of its time
    });
    return count;
  }
  template <class T>
  std::size_t times_in_all(value_state<join_buffer<T>>& of) {
    std::size_t count = 0;
    keyed_.store().for_each_key(
      of, [&](const key_type&, auto&) { count += times_in(of.value()); });
    return count;
  }

  template <class T>
  void note_all(value_state<join_buffer<T>>& of, side_times& times,
                side which) {
    keyed_.store().for_each_key(
      of, [&](const key_type&, auto&) { note_first(of, times, which); });
  }

  keyed_walk<A, SelectorA> first_;
  keyed_walk<B, SelectorB> second_;
  keyed_part<key_type> keyed_;
  Function function_;
  collector<Out> collector_;
  interval_join_options<A, B> options_;
  value_state<join_buffer<A>> left_; // from open on
  value_state<join_buffer<B>> right_;
  side_times left_times_;
  side_times right_times_;
  /// Partner at which the record at hand goes on.
  std::optional<position> resumes_at_;
};

} // namespace flow
