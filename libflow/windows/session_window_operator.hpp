#pragma once

#include <string>
#include <utility>

#include "libflow/operators/inspection.hpp"
#include "libflow/operators/keyed_blocks.hpp"
#include "libflow/state/key_calendar.hpp"
#include "libflow/windows/assigners.hpp"
#include "libflow/windows/fold.hpp"
#include "libflow/windows/open_sessions.hpp"
#include "libflow/windows/window_contents.hpp"
#include "libflow/windows/window_context.hpp"
#include "libflow/windows/windowing_operator.hpp"

namespace flow {

/// Sessions in event time whose records are folded as they come, with the
/// default trigger and no evictor; what else there is runs per window
/// (window_operator.hpp), with the same results. The sessions of a key lie in
/// one entry of a table, and say themselves when they are due: no timer moves
/// when a record makes a session longer.
///
/// Results carry the session's last time and come in the order of these times.
/// A record for a session that has fired, within the allowed lateness, fires it
/// again at once. Counts late records, whether dropped or emitted to the late
/// output.
template <class In, class Out, class Selector, class Fold, class Emit>
class session_window_operator final
  : public windowing_operator<In, Out>,
    public keyed_inspection<key_of<In, Selector>> {
  using base = windowing_operator<In, Out>;

  using base::collector_;
  using base::hand_on;
  using base::options_;
  using base::reject;

public:
  using key_type = key_of<In, Selector>;

  session_window_operator(std::string name, receiver<Out>& out,
                          Selector selector, session_windows windows, Fold fold,
                          Emit emit, window_options<In> options)
    : base(std::move(name), out, std::move(options)),
      blocks_(std::move(selector)), windows_(windows), fold_(std::move(fold)),
      emit_(std::move(emit)) {}

  void open(const operator_context& context) override {
    base::open(context);
    auto& store = blocks_.open(context);
    runtime_context runtime{context.place, &this->operator_states_};
    guard_user_code(
      this->name(),
      [&] {
        held_ = detail::state_or_throw(
          store.value(detail::lasting_value_descriptor<sessions>{"sessions"}));
        fold_.open(runtime);
        emit_.open(runtime);
      },
      [] { return std::string{}; });
  }

  [[nodiscard]] operator_capture capture(const snapshot_context&) override {
    return blocks_.capture();
  }

  expected<void> restore(std::span<const operator_snapshot> parts) override {
    if (auto restored = blocks_.restore(parts); !restored)
      return restored;
    blocks_.store().for_each_key(held_, [&](const key_type& key, auto&) {
      held_.update([&](sessions& of) {
        for (std::size_t i = 0; i < of.size(); ++i)
          count(of.at(i), 1);
        look_later(of, key, key_hash(key));
      });
    });
    return {};
  }

  [[nodiscard]] std::size_t state_bytes() const override {
    return blocks_.bytes() + calendar_.bytes();
  }

  /// As many as the timers of sessions that have one each for their last time
  /// and, where that is another, for their cleanup.
  [[nodiscard]] timer_counts timers() override {
    return timers_for(waiting_, kept_);
  }
  [[nodiscard]] timer_counts timers_of(const key_type& key) override {
    std::size_t waiting = 0;
    std::size_t kept = 0;
    blocks_.store().select(key, key_hash(key));
    const sessions& of = held_.value();
    for (std::size_t i = 0; i < of.size(); ++i) {
      waiting += of.at(i).waits ? 1 : 0;
      kept += has_cleanup(of.at(i)) ? 1 : 0;
    }
    blocks_.store().end_block();
    return timers_for(waiting, kept);
  }

  void close() override {
    fold_.close();
    emit_.close();
  }

private:
  using accumulator = typename Fold::accumulator;
  using sessions = open_sessions<accumulator>;
  using session = typename sessions::session;

  // -- records ----------------------------------------------------------------

  void process(record_batch<In>& batch, std::size_t first,
               std::size_t last) override {
    const auto values = std::as_const(batch).values();
    const auto stamps = batch.timestamps();
    std::size_t at = first;
    this->guard_records(at, last, values, stamps, [&] {
      blocks_.for_each(batch, at, last,
                       [&](std::size_t index, const key_type& key) {
                         at = index;
                         on_record(key, values[at], stamps[at]);
                       });
      at = last;
      hand_on();
    });
  }

  void on_record(const key_type& key, const In& value, timestamp stamp) {
    if (stamp == min_timestamp)
      fatal("a record has no timestamp: assign timestamps before windows");
    time_window fresh;
    windows_.assign(value, stamp,
                    [&](const time_window& window) { fresh = window; });
    const auto with = held_.value().touching(fresh);
    if (with.empty()
        && is_window_late(fresh, options_.allowed_lateness,
                          this->current_watermark())) {
      if (is_record_late(stamp, options_.allowed_lateness,
                         this->current_watermark()))
        reject(value, stamp);
      return;
    }
    held_.update([&](sessions& of) {
      session& into =
        with.empty() ? begin(of, with.first, fresh) : join(of, with, fresh);
      fold_.add(into.sum, with.empty(), value);
      if (into.window.max_timestamp() <= this->current_watermark())
        fire(key, into);
      else if (!std::exchange(into.waits, true))
        ++waiting_;
      look_later(of, key, blocks_.store().current_hash());
    });
  }

  session& begin(sessions& of, std::size_t index, const time_window& window) {
    of.insert(index, {.window = window});
    count(of.at(index), 1);
    return of.at(index);
  }

  /// Makes one of the sessions in a range and a window.
  session& join(sessions& of, typename sessions::range with,
                time_window window) {
    const time_window before = of.at(with.first).window;
    for (std::size_t i = with.first; i < with.last; ++i)
      window = window.cover(of.at(i).window);
    for (; with.last - with.first > 1; --with.last) {
      const session& next = of.at(with.first + 1);
      fold_.merge(of.at(with.first).sum, next.sum);
      count(next, -1);
      of.erase(with.first + 1);
    }
    session& result = of.at(with.first);
    if (window != before) {
      count(result, -1);
      result.window = window;
      result.waits = false; // unless the caller finds that it has to
      count(result, 1);
    }
    return result;
  }

  void fire(const key_type& key, const session& of) {
    window_context<key_type> context{this->sides_, of.window,
                                     this->current_watermark()};
    context.select(key);
    collector_.stamp(of.window.max_timestamp());
    emit_(context, fold_.result(of.sum), collector_);
  }

  void count(const session& of, int change) {
    const auto by = static_cast<std::size_t>(change);
    waiting_ += of.waits ? by : 0;
    kept_ += has_cleanup(of) ? by : 0;
  }

  [[nodiscard]] bool has_cleanup(const session& of) const noexcept {
    return of.window.cleanup_time(options_.allowed_lateness) != max_timestamp;
  }

  /// Of sessions that have yet to fire, and that have a cleanup time: without
  /// lateness the two times are one.
  [[nodiscard]] timer_counts timers_for(std::size_t waiting,
                                        std::size_t kept) const noexcept {
    return {options_.allowed_lateness.count() == 0 ? kept : waiting + kept, 0};
  }

  // -- time -------------------------------------------------------------------

  /// Sees to it that the key is looked at when one of its sessions is due.
  void look_later(sessions& of, const key_type& key, std::uint64_t hash) {
    const timestamp due = of.due(options_.allowed_lateness);
    if (due >= of.next_look)
      return;
    of.next_look = due;
    calendar_.note(due, key, hash);
  }

  bool advance_to(timestamp mark) override {
    bool done = false;
    firing_step step{*this->time_};
    guard_user_code(
      this->name(),
      [&] {
        done = calendar_.look(
          blocks_.store(), mark, step,
          [this](timestamp at, const key_type& key, std::uint64_t hash) {
            look_at(at, key, hash);
            return this->has_room();
          });
        hand_on();
      },
      [] { return std::string{}; });
    return done;
  }

  void look_at(timestamp at, const key_type& key, std::uint64_t hash) {
    if (held_.value().next_look != at)
      return; // another look has come before
    bool none_left = false;
    held_.update([&](sessions& of) {
      of.next_look = max_timestamp;
      for (std::size_t i = 0; i < of.size();)
        if (is_done_with(at, key, of.at(i)))
          of.erase(i);
        else
          ++i;
      none_left = of.empty();
      look_later(of, key, hash);
    });
    if (none_left)
      held_.clear();
  }

  /// Fires a session whose last time it is; whether its cleanup time is, too.
  bool is_done_with(timestamp at, const key_type& key, session& of) {
    if (of.due(options_.allowed_lateness) != at)
      return false;
    if (of.waits) {
      fire(key, of);
      of.waits = false;
      --waiting_;
    }
    if (of.due(options_.allowed_lateness) != at)
      return false;
    count(of, -1);
    return true;
  }

  keyed_blocks<In, Selector> blocks_;
  session_windows windows_;
  Fold fold_;
  Emit emit_;
  value_state<sessions> held_; // from open on

  key_calendar<key_type> calendar_; // when something of a key is due

  std::size_t waiting_ = 0; // sessions that have yet to fire
  std::size_t kept_ = 0;    // that have a cleanup time
};

} // namespace flow
