#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libflow/operators/keyed_batch.hpp"
#include "libflow/operators/one_input.hpp"
#include "libflow/windows/fold.hpp"
#include "libflow/windows/sliding_bytes.hpp"
#include "libflow/windows/sliding_store.hpp"
#include "libflow/windows/window_context.hpp"
#include "libflow/windows/window_options.hpp"

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
class sliding_window_operator final : public pausable_operator<In, Out> {
  using base = pausable_operator<In, Out>;

public:
  using key_type = key_of<In, Selector>;

  sliding_window_operator(std::string name, receiver<Out>& out,
                          Selector selector, const sliding_windows& windows,
                          Fold fold, Emit emit, window_options<In> options)
    : base(std::move(name), out), records_(std::move(selector)), grid_(windows),
      fold_(std::move(fold)), emit_(std::move(emit)),
      options_(std::move(options)), collector_(out), slices_(grid_, fold_) {}

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

  /// Records whose state is on its way from memory while one is updated.
  static constexpr std::size_t ahead = 16;

  /// Results between two looks at the output.
  static constexpr std::size_t results_per_look =
    limits::records_per_amplifying_call;

  /// A slice and the times that belong to it; none: nothing is known of them.
  struct target_span {
    slice* target = nullptr;
    bool open = false;
    timestamp start = 0;
    std::uint64_t length = 0;

    [[nodiscard]] bool holds(timestamp at) const noexcept {
      // As unsigned numbers, times before the start are beyond any length.
      return static_cast<std::uint64_t>(at) - static_cast<std::uint64_t>(start)
             < length;
    }
  };

  struct target_of_record {
    slice* target = nullptr;
    bool open = false;
  };

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
    auto prefetch = [&](std::size_t index) {
      if (slice* target = targets_[index - first].target)
        target->table.prefetch(hashes[index]);
    };
    for (std::size_t i = at; i < std::min(at + ahead, last); ++i)
      prefetch(i);
    for (; at < last; ++at) {
      if (at + ahead < last)
        prefetch(at + ahead);
      const target_of_record to = targets_[at - first];
      if (to.open) [[likely]] {
        bool fresh = false;
        auto& held =
          to.target->table.upsert(hashes[at], records_.key(at), fresh);
        fold_.add(held.own, fresh, values[at]);
      } else if (to.target != nullptr) {
        slices_.add_to_complete(*to.target, hashes[at], records_.key(at),
                                values[at]);
        fire_again(to.target->window.start, hashes[at], records_.key(at));
      } else if (is_record_late(stamps[at], options_.allowed_lateness,
                                this->current_watermark())) {
        reject(values[at], stamps[at]);
      }
    }
  }

  [[nodiscard]] target_of_record target_at(timestamp at) {
    if (recent_.holds(at)) [[likely]]
      return {recent_.target, recent_.open};
    return find_target(at);
  }

  [[gnu::noinline]] target_of_record find_target(timestamp at) {
    std::swap(recent_, earlier_);
    if (recent_.holds(at))
      return {recent_.target, recent_.open};
    if (at == min_timestamp)
      fatal("a record has no timestamp: assign timestamps before windows");
    const timestamp start = grid_.slice_start(at);
    const time_window newest = grid_.newest_window(start);
    recent_ = {nullptr, false, start,
               static_cast<std::uint64_t>(grid_.length())};
    const bool held = newest.end > start; // else between two windows
    if (held
        && !is_window_late(newest, options_.allowed_lateness,
                           this->current_watermark())) {
      recent_.target = &slices_.at(start);
      recent_.open = slices_.is_open(start);
    }
    // The time that means "none" must come here, whatever slice it is in.
    if (start == min_timestamp)
      recent_.length = 0;
    return {recent_.target, recent_.open};
  }

  void reject(const In& value, timestamp stamp) {
    ++this->counts_.late_records;
    if (options_.late_output)
      this->sides_.emit(*options_.late_output, value, stamp);
    else
      ++this->counts_.late_dropped;
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
    recent_ = {};
    earlier_ = {};
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
    while (!this->out_->full() && !this->sides_.full()) {
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

  void hand_on() {
    collector_.flush();
    this->sides_.flush();
    this->counts_.records_out = collector_.emitted();
  }

  keyed_view<In, Selector> records_;
  slice_grid grid_;
  Fold fold_;
  Emit emit_;
  window_options<In> options_;
  collector<Out> collector_;
  slice_header header_;
  key_group_range groups_;
  store slices_;

  // Most records fall into the slice of the one before; around the bounds of
  // a slice they alternate between two.
  target_span recent_;
  target_span earlier_;
  std::array<target_of_record, piece_records> targets_{};

  // Where the firing of a window stands.
  std::optional<timestamp> firing_;
  std::optional<typename store::total_table::cursor> cursor_;

  // Of the late record at hand.
  std::vector<std::optional<accumulator>> left_;
  std::vector<std::optional<accumulator>> right_;
};

} // namespace flow
