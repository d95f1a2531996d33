#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "libflow/core/output_tag.hpp"
#include "libflow/operators/inspection.hpp"
#include "libflow/operators/keyed_blocks.hpp"
#include "libflow/windows/merge_windows.hpp"
#include "libflow/windows/triggers.hpp"
#include "libflow/windows/window_contents.hpp"
#include "libflow/windows/window_context.hpp"
#include "libflow/windows/windowing_operator.hpp"

namespace flow {

/// Windows over keyed streams in general: any assigner, trigger, evictor and
/// function, in event or processing time, also windows that merge. Contents,
/// the trigger's state and timers are kept per key and window. What needs none
/// of this runs over slices (slice_window_operator.hpp), with the same rules.
///
/// A record goes into each of its windows that is not late; a record that went
/// into none is late if its own time is (window.hpp). The trigger decides when
/// the function is called; a window goes at its cleanup time, after the trigger
/// has seen that time.
/// Results carry the window's last time. Counts late records; dropped ones
/// apart.
template <class In, class Out, class Selector, class Assigner, class Trigger,
          class Contents, class Emit>
class window_operator final : public windowing_operator<In, Out>,
                              public keyed_inspection<key_of<In, Selector>> {
  using base = windowing_operator<In, Out>;

  using base::collector_;
  using base::hand_on;
  using base::options_;
  using base::reject;

public:
  using key_type = key_of<In, Selector>;
  using window = typename Assigner::window;

  window_operator(std::string name, receiver<Out>& out, Selector selector,
                  Assigner assigner, Trigger trigger, Contents contents,
                  Emit emit, window_options<In> options)
    : base(std::move(name), out, std::move(options)),
      blocks_(std::move(selector)), assigner_(std::move(assigner)),
      trigger_(std::move(trigger)), contents_(std::move(contents)),
      emit_(std::move(emit)) {}

  void open(const operator_context& context) override {
    base::open(context);
    store_ = &blocks_.open(context);
    windows_ = &store_->template scope<window>();
    window_runtime_context<key_type, window> runtime{
      context.place, *store_, *windows_, Assigner::merges,
      &this->operator_states_};
    guard_user_code(
      this->name(), [&] { open_states(runtime); },
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

  void close() override {
    contents_.close();
    emit_.close();
  }

  [[nodiscard]] timer_counts timers() override {
    if (!timers_)
      return {};
    return {timers_->event_count(), timers_->processing_count()};
  }
  [[nodiscard]] timer_counts timers_of(const key_type& key) override {
    if (!timers_)
      return {};
    return {timers_->event_count(key), timers_->processing_count(key)};
  }

  /// Calls f(value) for what is held of a key and window: records, or the
  /// accumulator. For tests.
  template <class F>
  void inspect(const key_type& key, const window& which, F&& f) {
    store_->select(key, key_hash(key));
    window state_window = which;
    if constexpr (Assigner::merges) {
      const auto& set = sets_.value();
      if (const auto* found = set.state_window(which))
        state_window = *found;
    }
    windows_->select(state_window);
    contents_.for_each_value(f);
    store_->end_block();
  }

private:
  using trigger_state = typename Trigger::state;
  using window_set = merging_window_set<window>;
  using timer = due_timer<key_type, window>;

  static constexpr bool keeps_trigger_state =
    !std::is_same_v<trigger_state, no_trigger_state>;

  /// The trigger's view of the window at hand.
  class timers_of_window final : public trigger_context {
  public:
    timers_of_window(timer_service<key_type, window>& timers,
                     const window& which, timestamp watermark, timestamp now)
      : timers_(&timers), window_(&which) {
      watermark_ = watermark;
      now_ = now;
    }
    void register_event_timer(timestamp at) override {
      timers_->register_event(at, *window_);
    }
    void delete_event_timer(timestamp at) override {
      timers_->delete_event(at, *window_);
    }
    void register_processing_timer(timestamp at) override {
      timers_->register_processing(at, *window_);
    }
    void delete_processing_timer(timestamp at) override {
      timers_->delete_processing(at, *window_);
    }

  private:
    timer_service<key_type, window>* timers_;
    const window* window_;
  };

  void open_states(window_runtime_context<key_type, window>& runtime) {
    timers_.emplace(
      detail::state_or_throw(store_->template timers<window>("window-timers")));
    contents_.open(*store_, *windows_, runtime);
    if constexpr (keeps_trigger_state)
      trigger_states_ = detail::state_or_throw(store_->value(
        detail::lasting_value_descriptor<trigger_state>{"window-trigger"},
        windows_));
    if constexpr (Assigner::merges)
      sets_ = detail::state_or_throw(store_->value(
        detail::lasting_value_descriptor<window_set>{"window-set"}));
    emit_.open(runtime);
  }

  [[nodiscard]] bool in_event_time() const {
    return assigner_.domain() == time_domain::event;
  }

  // -- records ----------------------------------------------------------------

  void process(record_batch<In>& batch, std::size_t first,
               std::size_t last) override {
    const auto values = std::as_const(batch).values();
    const auto stamps = batch.timestamps();
    now_ = this->time_->now();
    std::size_t at = first;
    this->guard_records(at, last, values, stamps, [&] {
      blocks_.for_each(batch, at, last,
                       [&](std::size_t index, const key_type& key) {
                         at = index;
                         key_ = &key;
                         on_record(values[at], stamps[at]);
                       });
      at = last;
      hand_on();
    });
  }

  void on_record(const In& value, timestamp stamp) {
    const bool event = in_event_time();
    if (event && stamp == min_timestamp)
      fatal("a record has no timestamp: assign timestamps before windows");
    assigned_.clear();
    assigner_.assign(value, event ? stamp : now_,
                     [&](const window& each) { assigned_.push_back(each); });
    bool accepted = false;
    for (const window& each : assigned_) {
      if constexpr (Assigner::merges)
        accepted |= merge_in(each, value, stamp);
      else
        accepted |= add(each, each, value, stamp);
    }
    if (!accepted && event
        && is_record_late(stamp, options_.allowed_lateness,
                          this->current_watermark()))
      reject(value, stamp);
  }

  /// @return whether the window took the record
  bool add(const window& which, const window& state_window, const In& value,
           timestamp stamp) {
    if (late(which))
      return false;
    windows_->select(state_window);
    contents_.add(value, stamp);
    const auto result =
      call_trigger(which, [&](trigger_state& kept, trigger_context& context) {
        return trigger_.on_element(value, stamp, which, kept, context);
      });
    obey(result, which, state_window);
    const timestamp cleanup = cleanup_time(which);
    if (cleanup != max_timestamp && in_event_time())
      timers_->register_event(cleanup, which);
    else if (cleanup != max_timestamp)
      timers_->register_processing(cleanup, which);
    return true;
  }

  bool merge_in(const window& fresh, const In& value, timestamp stamp) {
    window_set set = sets_.value();
    const auto added = set.add(fresh, assigner_);
    for (const auto& merge : added.merges)
      join(merge);
    if (late(added.window)) {
      set.retire(added.window);
      keep(set);
      return false;
    }
    const window state_window = *set.state_window(added.window);
    keep(set);
    return add(added.window, state_window, value, stamp);
  }

  void keep(const window_set& set) {
    if (set.entries.empty())
      sets_.clear();
    else if (!(set.entries == sets_.value().entries))
      sets_.set(set);
  }

  /// What was several windows is one: trigger, timers and contents follow.
  void join(const window_merge<window>& merge) {
    const timestamp reached =
      in_event_time() ? this->current_watermark() : now_;
    if (cleanup_time(merge.target) <= reached)
      throw std::runtime_error(
        "windows merged into one that is closed: a merging assigner's windows "
        "may only grow");
    trigger_state joined{};
    if constexpr (keeps_trigger_state)
      for (const window& source : merge.sources) {
        windows_->select(source);
        trigger_.merge_state(joined, trigger_states_.value());
      }
    timers_of_window target{*timers_, merge.target, this->current_watermark(),
                            now_};
    trigger_.on_merge(merge.target, joined, target);
    for (const window& source : merge.sources) {
      clear_trigger(source);
      delete_cleanup(source);
    }
    store_trigger_state(merge.target, joined);
    for (const window& absorbed : merge.absorbed)
      contents_.absorb(*windows_, merge.state_window, absorbed);
  }

  // -- time -------------------------------------------------------------------

  [[nodiscard]] std::optional<timestamp>
  next_processing_timer() const override {
    return timers_ ? timers_->next_processing() : std::nullopt;
  }
  bool fire_processing(timestamp now) override {
    bool done = false;
    now_ = now;
    guard_user_code(
      this->name(),
      [&] {
        done =
          timers_->fire_processing(now, *this->time_, [this](const timer& due) {
            return on_timer(due, false);
          });
        hand_on();
      },
      [] { return std::string{}; });
    return done;
  }

  bool advance_to(timestamp mark) override {
    bool done = false;
    now_ = this->time_->now();
    guard_user_code(
      this->name(),
      [&] {
        done =
          timers_->fire_event(mark, *this->time_, [this](const timer& due) {
            return on_timer(due, true);
          });
        hand_on();
      },
      [] { return std::string{}; });
    return done;
  }

  /// @param event  the timer's domain
  /// @return whether the next timer may fire at once
  bool on_timer(const timer& due, bool event) {
    key_ = &due.key;
    window state_window = due.space;
    if constexpr (Assigner::merges) {
      const auto& set = sets_.value();
      const window* found = set.state_window(due.space);
      if (found == nullptr)
        return true; // of a window that went into another
      state_window = *found;
    }
    const auto result = call_trigger(due.space, [&](trigger_state& kept,
                                                    trigger_context& context) {
      return event ? trigger_.on_event_time(due.time, due.space, kept, context)
                   : trigger_.on_processing_time(due.time, due.space, kept,
                                                 context);
    });
    obey(result, due.space, state_window);
    if (event == in_event_time() && due.time == cleanup_time(due.space))
      close_window(due.space, state_window);
    return this->has_room();
  }

  void obey(trigger_result result, const window& which,
            const window& state_window) {
    windows_->select(state_window);
    if (fires(result) && !contents_.empty())
      fire(which);
    windows_->select(state_window);
    if (purges(result))
      contents_.clear();
  }

  void fire(const window& which) {
    auto context = context_of(which);
    collector_.stamp(which.max_timestamp());
    contents_.use([&](const auto& result) {
      windows_->select(which);
      emit_(context, result, collector_);
    });
  }

  void close_window(const window& which, const window& state_window) {
    windows_->select(state_window);
    contents_.clear();
    clear_trigger(which);
    if constexpr (requires(window_context<key_type, window> & context) {
                    emit_.clear(context);
                  }) {
      auto context = context_of(which);
      windows_->select(which);
      emit_.clear(context);
    }
    if constexpr (Assigner::merges) {
      window_set set = sets_.value();
      set.retire(which);
      keep(set);
    }
  }

  [[nodiscard]] window_context<key_type, window>
  context_of(const window& which) {
    window_context<key_type, window> context{this->sides_, which,
                                             this->current_watermark(), now_};
    context.select(*key_);
    return context;
  }

  [[nodiscard]] timestamp cleanup_time(const window& which) const {
    return in_event_time() ? which.cleanup_time(options_.allowed_lateness)
                           : which.max_timestamp();
  }
  [[nodiscard]] bool late(const window& which) const {
    return in_event_time()
           && is_window_late(which, options_.allowed_lateness,
                             this->current_watermark());
  }
  void delete_cleanup(const window& which) {
    if (in_event_time())
      timers_->delete_event(cleanup_time(which), which);
    else
      timers_->delete_processing(cleanup_time(which), which);
  }

  // -- the trigger ------------------------------------------------------------

  template <class Call>
  trigger_result call_trigger(const window& which, Call&& call) {
    timers_of_window context{*timers_, which, this->current_watermark(), now_};
    trigger_state kept = load_trigger_state(which);
    const auto result = call(kept, context);
    store_trigger_state(which, kept);
    return result;
  }

  void clear_trigger(const window& which) {
    timers_of_window context{*timers_, which, this->current_watermark(), now_};
    trigger_state kept = load_trigger_state(which);
    trigger_.clear(which, kept, context);
    store_trigger_state(which, trigger_state{});
  }

  [[nodiscard]] trigger_state load_trigger_state(const window& which) {
    if constexpr (keeps_trigger_state) {
      windows_->select(which);
      return trigger_states_.value();
    } else {
      return {};
    }
  }

  void store_trigger_state(const window& which, const trigger_state& kept) {
    if constexpr (keeps_trigger_state) {
      windows_->select(which);
      if (!(kept == trigger_state{}))
        trigger_states_.set(kept);
      else if (trigger_states_.has_value())
        trigger_states_.clear();
    }
  }

  keyed_blocks<In, Selector> blocks_;
  Assigner assigner_;
  Trigger trigger_;
  Contents contents_;
  Emit emit_;

  // From open() on.
  keyed_state_store<key_type>* store_ = nullptr;
  state_scope<window>* windows_ = nullptr;
  std::optional<timer_service<key_type, window>> timers_;
  value_state<trigger_state> trigger_states_;
  value_state<window_set> sets_;

  timestamp now_ = 0;             // of the wall clock, in this call
  const key_type* key_ = nullptr; // the one at hand
  std::vector<window> assigned_;  // the windows of the record at hand
};

} // namespace flow
