#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libflow/operators/inspection.hpp"
#include "libflow/operators/keyed_batch.hpp"
#include "libflow/windows/fold.hpp"
#include "libflow/windows/slice_timers.hpp"
#include "libflow/windows/slice_walk.hpp"
#include "libflow/windows/sliding_bytes.hpp"
#include "libflow/windows/sliding_store.hpp"
#include "libflow/windows/window_context.hpp"
#include "libflow/windows/windowing_operator.hpp"

namespace flow {

/// Sliding windows of event time over slices: a record updates one slice,
/// however many windows hold it; a window is combined from its slices
/// (sliding_store.hpp). Needs a fold that merges in any order, the default
/// trigger and no evictor; what else there is runs per window
/// (window_operator.hpp), with the same results.
///
/// A record for a slice that windows have used already, within the allowed
/// lateness, fires at once every window that holds it, has fired and has not
/// closed, the newest first.
template <class In, class Out, class Selector, class Fold, class Emit>
class sliding_window_operator final
  : public windowing_operator<In, Out>,
    public keyed_inspection<key_of<In, Selector>> {
  using base = windowing_operator<In, Out>;

  using base::collector_;
  using base::hand_on;
  using base::options_;
  using base::reject;

public:
  using key_type = key_of<In, Selector>;

  sliding_window_operator(std::string name, receiver<Out>& out,
                          Selector selector, const sliding_windows& windows,
                          Fold fold, Emit emit, window_options<In> options)
    : base(std::move(name), out, std::move(options)),
      records_(std::move(selector)), grid_(windows), fold_(std::move(fold)),
      emit_(std::move(emit)), slices_(grid_, fold_) {}

  void open(const operator_context& context) override {
    const auto& place = context.place;
    header_ = {place.max_parallelism,
               grid_.size(),
               grid_.slide(),
               grid_.offset(),
               codec<key_type>::schema(),
               codec<accumulator>::schema()};
    groups_ =
      range_of(place.subtask_index, place.parallelism, place.max_parallelism);
    slices_.own(hashes_of(groups_, place.max_parallelism));
    runtime_context runtime{place, &this->operator_states_};
    guard_user_code(
      this->name(),
      [&] {
        fold_.open(runtime);
        emit_.open(runtime);
      },
      [] { return std::string{}; });
  }

  [[nodiscard]] operator_capture capture(const snapshot_context&) override {
    operator_capture result;
    result.keyed = defer(slices_snapshot<key_type, typename store::cell>{
      slices_, header_, slices_.horizon()});
    return result;
  }

  /// At another parallelism the windows that all old subtasks had fired have
  /// fired.
  expected<void> restore(std::span<const operator_snapshot> parts) override {
    timestamp fired = max_timestamp;
    for (const auto& part : parts) {
      auto read = read_sliding(part.keyed, header_, grid_, groups_, slices_);
      if (!read)
        return read.error();
      fired = std::min(fired, *read);
    }
    guard_user_code(
      this->name(),
      [&] { slices_.restore(parts.empty() ? min_timestamp : fired); },
      [] { return std::string{}; });
    return {};
  }

  [[nodiscard]] std::size_t state_bytes() const override {
    return slices_.bytes();
  }

  /// As many as the timers of the same windows one by one.
  [[nodiscard]] timer_counts timers() override {
    return {count_timers(slices_, timers_now()), 0};
  }
  [[nodiscard]] timer_counts timers_of(const key_type& key) override {
    return {count_timers(slices_, timers_now(), key), 0};
  }

  void close() override {
    fold_.close();
    emit_.close();
  }

private:
  using accumulator = typename Fold::accumulator;
  using store = sliding_store<key_type, Fold>;
  using slice = typename store::slice;

  static constexpr std::size_t piece_records =
    limits::records_per_amplifying_call;

  /// Results between two looks at the output.
  static constexpr std::size_t results_per_look =
    limits::records_per_amplifying_call;

  struct target_of_record {
    slice* target = nullptr; ///< none: accepts no record, or there is none
    bool open = false;       ///< no window has used it
  };

  [[nodiscard]] sliding_timers timers_now() const {
    return {&grid_, options_.allowed_lateness, slices_.horizon(),
            this->current_watermark()};
  }

  // -- records ----------------------------------------------------------------

  void process(record_batch<In>& batch, std::size_t first,
               std::size_t last) override {
    const auto values = std::as_const(batch).values();
    const auto stamps = batch.timestamps();
    std::size_t at = first;
    this->guard_records(at, last, values, stamps, [&] {
      const std::size_t begin = at; // behind a record that was left out
      if (begin == 0)
        records_.attach(batch);
      for (; at < last; ++at)
        targets_[at - begin] = target_at(stamps[at]);
      at = begin;
      update(values, stamps, at, last);
      hand_on();
    });
  }

  /// Puts records [at, last), whose slices are in targets_, where they belong.
  void update(std::span<const In> values, std::span<const timestamp> stamps,
              std::size_t& at, std::size_t last) {
    const auto hashes = records_.hashes();
    const std::size_t first = at;
    const auto prefetch = [&](std::size_t index) {
      if (slice* target = targets_[index - first].target)
        target->table.prefetch(hashes[index]);
    };
    const auto work = [&](std::size_t index) __attribute__((always_inline)) {
      const target_of_record to = targets_[index - first];
      if (to.open) [[likely]] {
        bool fresh = false;
        auto& held =
          to.target->table.upsert(hashes[index], records_.key(index), fresh);
        fold_.add(held.own, fresh, values[index]);
      } else if (to.target != nullptr) {
        slices_.add_to_complete(*to.target, hashes[index], records_.key(index),
                                values[index]);
        fire_again(to.target->window.start, hashes[index], records_.key(index));
      } else if (is_record_late(stamps[index], options_.allowed_lateness,
                                this->current_watermark())) {
        reject(values[index], stamps[index]);
      }
    };
    walk_ahead(at, last, prefetch, work);
  }

  [[nodiscard]] target_of_record target_at(timestamp at) {
    if (recent_.has(at)) [[likely]]
      return recent_.target();
    return find_target(at);
  }

  [[gnu::noinline]] target_of_record find_target(timestamp at) {
    if (recent_.turn_to(at))
      return recent_.target();
    if (at == min_timestamp)
      fatal("a record has no timestamp: assign timestamps before windows");
    const timestamp start = grid_.slice_start(at);
    const time_window newest = grid_.newest_window(start);
    target_of_record result;
    const bool held = newest.end > start; // else between two windows
    if (held
        && !is_window_late(newest, options_.allowed_lateness,
                           this->current_watermark())) {
      result = {&slices_.at(start), slices_.is_open(start)};
    }
    recent_.note(result, start, static_cast<std::uint64_t>(grid_.length()));
    return result;
  }

  // -- late firings -----------------------------------------------------------

  /// Fires, for one key, the windows that hold a slice, have fired and have not
  /// closed. What is left of the slice and what is right of it in a window is
  /// added up once for all of them.
  void fire_again(timestamp start, std::uint64_t hash, const key_type& key) {
    timestamp end = std::min(grid_.newest_window(start).end, slices_.horizon());
    end = grid_.last_end_until(end);
    left_.clear();
    right_.clear();
    for (; end > start; end -= grid_.slide()) {
      const time_window which{end - grid_.size(), end};
      if (which.start > start)
        continue;
      if (is_window_late(which, options_.allowed_lateness,
                         this->current_watermark()))
        return;
      fire_one_again(which, start, hash, key);
    }
  }

  void fire_one_again(const time_window& which, timestamp start,
                      std::uint64_t hash, const key_type& key) {
    const timestamp length = grid_.length();
    const auto left = static_cast<std::size_t>((start - which.start) / length);
    const auto right =
      static_cast<std::size_t>((which.end - start) / length - 1);
    reach(left_, left, start, -length, hash, key);
    reach(right_, right, start, length, hash, key);
    const accumulator* own = slices_.find(start, hash, key);
    accumulator result = *own;
    if (left > 0 && left_[left - 1])
      fold_.merge(result, *left_[left - 1]);
    if (right > 0 && right_[right - 1])
      fold_.merge(result, *right_[right - 1]);
    window_context<key_type> context{this->sides_, which,
                                     this->current_watermark()};
    context.select(key);
    collector_.stamp(which.max_timestamp());
    emit_(context, fold_.result(result), collector_);
  }

  /// Makes sums[i] what the i + 1 slices beside `start` add up to.
  void reach(std::vector<std::optional<accumulator>>& sums, std::size_t count,
             timestamp start, timestamp step, std::uint64_t hash,
             const key_type& key) {
    while (sums.size() < count) {
      const auto distance = static_cast<timestamp>(sums.size() + 1) * step;
      const accumulator* next = slices_.find(start + distance, hash, key);
      std::optional<accumulator> sum;
      if (!sums.empty())
        sum = sums.back();
      if (next != nullptr && sum)
        fold_.merge(*sum, *next);
      else if (next != nullptr)
        sum = *next;
      sums.push_back(std::move(sum));
    }
  }

  // -- time -------------------------------------------------------------------

  bool advance_to(timestamp mark) override {
    recent_.forget();
    bool done = true;
    guard_user_code(
      this->name(),
      [&] {
        while (done) {
          if (!firing_)
            firing_ = slices_.next_due(mark);
          if (!firing_)
            break;
          done = fire(*firing_);
          if (done)
            firing_.reset();
        }
        hand_on();
      },
      [] { return std::string{}; });
    if (done)
      slices_.drop_closed(mark, options_.allowed_lateness);
    return done;
  }

  /// Goes on with the window that ends at `end`; whether all is out.
  bool fire(timestamp end) {
    if (!cursor_) {
      if (!slices_.step(end))
        return false;
      cursor_.emplace(slices_.totals());
    }
    window_context<key_type> context{this->sides_,
                                     {saturating_add(end, -grid_.size()), end},
                                     this->current_watermark()};
    collector_.stamp(saturating_add(end, -1));
    while (this->has_room()) {
      if (!emit_next(context, results_per_look)) {
        cursor_.reset();
        return true;
      }
    }
    return false;
  }

  /// Emits the next `count` results; false if there were fewer.
  bool emit_next(window_context<key_type>& context, std::size_t count) {
    for (; count > 0; --count) {
      const auto entry = cursor_->next();
      if (!entry)
        return false;
      context.select(*entry.key);
      emit_(context, fold_.result(slices_.combined(*entry.value)), collector_);
    }
    return true;
  }

  keyed_view<In, Selector> records_;
  slice_grid grid_;
  Fold fold_;
  Emit emit_;
  slice_header header_;
  key_group_range groups_;
  store slices_;

  recent_slices<target_of_record> recent_;
  std::array<target_of_record, piece_records> targets_{};

  // Where the firing of a window stands.
  std::optional<timestamp> firing_;
  std::optional<typename store::total_table::cursor> cursor_;

  // Of the late record at hand.
  std::vector<std::optional<accumulator>> left_;
  std::vector<std::optional<accumulator>> right_;
};

} // namespace flow
