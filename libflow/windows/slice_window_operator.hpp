#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "libflow/core/output_tag.hpp"
#include "libflow/operators/inspection.hpp"
#include "libflow/operators/keyed_batch.hpp"
#include "libflow/windows/fold.hpp"
#include "libflow/windows/slice_bytes.hpp"
#include "libflow/windows/slice_store.hpp"
#include "libflow/windows/slice_timers.hpp"
#include "libflow/windows/slice_walk.hpp"
#include "libflow/windows/window_context.hpp"
#include "libflow/windows/windowing_operator.hpp"

namespace flow {

/// Keyed event-time windows of which each is one slice of state: one table for
/// all keys of a window, one timer for all of them, firing walks the table.
///
/// A window fires when the watermark reaches its last time, all its keys
/// before the watermark goes on, windows in the order of their start. While it
/// is kept for late records (`allowed_lateness`), each of them fires its key
/// again, at once. Results carry the window's last time.
///
/// `Assigner` gives the window of a time (`window_of`), `Fold` and `Emit` say
/// what is kept and emitted (windows/fold.hpp).
/// Counts late records, whether dropped or emitted to the late output.
template <class In, class Out, class Selector, class Assigner, class Fold,
          class Emit>
class slice_window_operator final
  : public windowing_operator<In, Out>,
    public keyed_inspection<key_of<In, Selector>> {
  using base = windowing_operator<In, Out>;

  using base::collector_;
  using base::hand_on;
  using base::options_;
  using base::reject;

public:
  using key_type = key_of<In, Selector>;

  slice_window_operator(std::string name, receiver<Out>& out, Selector selector,
                        Assigner assigner, Fold fold, Emit emit,
                        window_options<In> options)
    : base(std::move(name), out, std::move(options)),
      records_(std::move(selector)), assigner_(std::move(assigner)),
      fold_(std::move(fold)), emit_(std::move(emit)) {}

  void open(const operator_context& context) override {
    const auto& place = context.place;
    header_.max_parallelism = place.max_parallelism;
    header_.size_ms = assigner_.size().count();
    header_.slide_ms = header_.size_ms;
    header_.offset_ms = assigner_.offset().count();
    header_.key_schema = codec<key_type>::schema();
    header_.accumulator_schema = codec<accumulator>::schema();
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
    result.keyed = defer(
      slices_snapshot<key_type, accumulator>{slices_, header_, watermark_});
    return result;
  }

  /// At another parallelism the watermark is the least of the old subtasks'.
  expected<void> restore(std::span<const operator_snapshot> parts) override {
    timestamp least = max_timestamp;
    for (const auto& part : parts) {
      const auto mark = watermark_of_slices(part.keyed, header_);
      if (!mark)
        return mark.error();
      least = std::min(least, *mark);
    }
    watermark_ = parts.empty() ? min_timestamp : least;
    for (const auto& part : parts)
      if (auto read = read_slices(part.keyed, header_, assigner_, groups_,
                                  watermark_, slices_);
          !read)
        return read;
    return {};
  }

  [[nodiscard]] std::size_t state_bytes() const override {
    return slices_.bytes();
  }

  /// As many as the timers of the same windows one by one.
  [[nodiscard]] timer_counts timers() override {
    std::size_t result = 0;
    slices_.for_each([&](const slice& each) {
      result += each.table.size() * timers_of_key(each);
    });
    return {result, 0};
  }
  [[nodiscard]] timer_counts timers_of(const key_type& key) override {
    const std::uint64_t hash = key_hash(key);
    std::size_t result = 0;
    if (slices_.owned().contains(hash))
      slices_.for_each([&](const slice& each) {
        if (each.table.find(hash, key) != nullptr)
          result += timers_of_key(each);
      });
    return {result, 0};
  }

  void close() override {
    fold_.close();
    emit_.close();
  }

private:
  using accumulator = typename Fold::accumulator;
  using store = slice_store<key_type, accumulator>;
  using slice = typename store::slice;

  static constexpr std::size_t piece_records =
    limits::records_per_amplifying_call;

  /// Results between two looks at the output.
  static constexpr std::size_t results_per_look =
    limits::records_per_amplifying_call;

  /// Of each key in a slice.
  [[nodiscard]] std::size_t timers_of_key(const slice& in) const {
    return timers_of_window(in.window, !in.complete, options_.allowed_lateness);
  }

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
        targets_[at - begin] = target_of(stamps[at]);
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
      if (slice* target = targets_[index - first])
        target->table.prefetch(hashes[index]);
    };
    const auto work = [&](std::size_t index) __attribute__((always_inline)) {
      slice* target = targets_[index - first];
      if (target == nullptr) [[unlikely]] {
        reject(values[index], stamps[index]);
        return;
      }
      bool fresh = false;
      accumulator& acc =
        target->table.upsert(hashes[index], records_.key(index), fresh);
      fold_.add(acc, fresh, values[index]);
      if (target->complete) [[unlikely]]
        fire_again(*target, records_.key(index), acc);
    };
    walk_ahead(at, last, prefetch, work);
  }

  /// The slice of a time, nullptr if it accepts no record any more.
  [[nodiscard]] slice* target_of(timestamp at) {
    if (recent_.has(at)) [[likely]]
      return recent_.target();
    return find_target(at);
  }

  [[gnu::noinline]] slice* find_target(timestamp at) {
    if (recent_.turn_to(at))
      return recent_.target();
    if (at == min_timestamp)
      fatal("a record has no timestamp: assign timestamps before windows");
    const time_window window = assigner_.window_of(at);
    slice* target = nullptr;
    if (window.max_timestamp() > watermark_)
      target = &slices_.open(window);
    else if (!is_window_late(window, options_.allowed_lateness, watermark_))
      target = &slices_.complete(window);
    recent_.note(target, window.start,
                 static_cast<std::uint64_t>(window.end)
                   - static_cast<std::uint64_t>(window.start));
    return target;
  }

  void fire_again(slice& late, const key_type& key, const accumulator& acc) {
    window_context<key_type> context{this->sides_, late.window, watermark_};
    context.select(key);
    collector_.stamp(late.window.max_timestamp());
    emit_(context, fold_.result(acc), collector_);
  }

  bool advance_to(timestamp mark) override {
    watermark_ = std::max(watermark_, mark);
    recent_.forget();
    bool done = true;
    while (done) {
      slice* due = slices_.next_due(watermark_);
      if (due == nullptr)
        break;
      done = fire(*due);
      if (done)
        slices_.mark_complete();
    }
    hand_on();
    if (done)
      slices_.drop_closed(watermark_, options_.allowed_lateness);
    return done;
  }

  /// Emits results of a slice until the output is full; whether all are out.
  bool fire(slice& due) {
    if (!cursor_)
      cursor_.emplace(due.table);
    window_context<key_type> context{this->sides_, due.window, watermark_};
    collector_.stamp(due.window.max_timestamp());
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
    bool more = true;
    guard_user_code(
      this->name(),
      [&] {
        for (std::size_t i = 0; more && i < count; ++i) {
          const auto entry = cursor_->next();
          more = static_cast<bool>(entry);
          if (!more)
            return;
          context.select(*entry.key);
          emit_(context, fold_.result(*entry.value), collector_);
        }
      },
      [] { return std::string{}; });
    return more;
  }

  keyed_view<In, Selector> records_;
  Assigner assigner_;
  Fold fold_;
  Emit emit_;
  slice_header header_;
  key_group_range groups_;
  store slices_;
  timestamp watermark_ = min_timestamp;

  recent_slices<slice*> recent_; // null: accepts no record any more
  std::array<slice*, piece_records> targets_{};

  // Where the firing of the earliest open slice stands.
  std::optional<typename slice::table_type::cursor> cursor_;
};

} // namespace flow
