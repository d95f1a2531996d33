#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "libflow/core/key_group.hpp"
#include "libflow/state/key_hasher.hpp"
#include "libflow/state/segment_pool.hpp"
#include "libflow/state/segmented_table.hpp"
#include "libflow/windows/slice_grid.hpp"

namespace flow {

/// What a slice holds of one key: what its records add up to and, once the
/// slice is in the back (see sliding_store), what the later slices of the back
/// do, in which the key is.
template <class Accumulator, bool Retracts>
struct sliding_cell {
  Accumulator own{};
  Accumulator next{};
};
template <class Accumulator>
struct sliding_cell<Accumulator, true> {
  Accumulator own{};
};

/// Only what a slice's own records add up to stands in a snapshot.
template <class Accumulator, bool Retracts>
struct codec<sliding_cell<Accumulator, Retracts>> {
  using cell = sliding_cell<Accumulator, Retracts>;

  static void encode(const cell& of, byte_writer& out) {
    codec<Accumulator>::encode(of.own, out);
  }
  [[nodiscard]] static bool decode(byte_reader& in, cell& to) noexcept {
    return codec<Accumulator>::decode(in, to.own);
  }
  [[nodiscard]] static std::string schema() {
    return codec<Accumulator>::schema();
  }
};

/// What the current window holds of one key.
template <class Accumulator, bool Retracts>
struct sliding_total {
  Accumulator suffix{};                ///< of the back, if last_back says so
  Accumulator prefix{};                ///< of the front
  timestamp last_back = min_timestamp; ///< last slice of the back with the key
  bool has_prefix = false;

  [[nodiscard]] bool has_suffix() const noexcept {
    return last_back != min_timestamp;
  }
};
template <class Accumulator>
struct sliding_total<Accumulator, true> {
  Accumulator sum{};
  std::uint32_t slices = 0; ///< of the window, that hold the key
};

/// The slices of sliding windows and, per key, what the window fired last adds
/// up to, so that the next window costs one step per slice that comes or goes
/// and not one per slice it holds.
///
/// Slices are open until a window that ends with them or later fires; then
/// they are the window's. Where the fold retracts, a slice that leaves the
/// window is taken off the total. Where it does not, the window's slices are a
/// back and a front: the front's are added to a prefix as they come; of the
/// back each slice knows, per key, what the slices after it add up to, so that
/// the suffix loses a slice by looking that up. When the back is used up, the
/// front becomes the back (`flip`).
///
/// Owner: the operator. Memory: an entry per key and slice that holds it, and
/// one per key of the window; a cell of 16 bytes with 8-byte accumulators, 8
/// where the fold retracts, beside the key.
/// Work is done in steps of limited size: step() says when it is done.
/// @thread the subtask
template <class K, class Fold>
class sliding_store {
public:
  using key_type = K;
  using accumulator = typename Fold::accumulator;
  static constexpr bool retracts = Fold::retracts;
  using cell = sliding_cell<accumulator, retracts>;
  using total = sliding_total<accumulator, retracts>;
  using total_table = segmented_table<K, total>;

  struct slice {
    using table_type = segmented_table<K, cell>;

    slice(time_window span, std::shared_ptr<segment_pool> pool,
          hash_range owned, std::uint32_t depth_hint)
      : window(span), table(std::move(pool), owned, depth_hint) {}

    time_window window; ///< of the slice
    table_type table;
  };

  sliding_store(const slice_grid& grid, Fold& fold)
    : grid_(grid), fold_(&fold) {}

  /// Says which hashes come. @pre there is no slice yet
  void own(hash_range owned) {
    owned_ = owned;
    totals_.emplace(pool_, owned_);
  }

  [[nodiscard]] const hash_range& owned() const noexcept { return owned_; }

  /// Windows that end here or before have fired.
  [[nodiscard]] timestamp horizon() const noexcept { return horizon_; }
  [[nodiscard]] bool is_open(timestamp slice_start) const noexcept {
    return saturating_add(slice_start, grid_.length()) > horizon_;
  }

  /// The slice that starts there; made if absent.
  slice& at(timestamp start) {
    const auto found = slices_.find(start);
    if (found != slices_.end())
      return found->second;
    const bool newest = slices_.empty() || slices_.rbegin()->first < start;
    return slices_
      .try_emplace(start,
                   time_window{start, saturating_add(start, grid_.length())},
                   pool_, owned_, newest ? depth_hint_ : 0)
      .first->second;
  }

  /// The end of the next window that may have something in it and is complete
  /// at a watermark; none: then the horizon is that of the watermark.
  [[nodiscard]] std::optional<timestamp> next_due(timestamp watermark) {
    std::optional<timestamp> end;
    if (!totals_->empty())
      end = grid_.first_end_from(saturating_add(horizon_, 1));
    else if (const auto first = first_open(); first != slices_.end())
      end = grid_.oldest_end(first->first);
    if (end && *end - 1 <= watermark)
      return end;
    if (totals_->empty())
      horizon_ = std::max(horizon_, watermark == max_timestamp
                                      ? max_timestamp
                                      : grid_.last_end_until(watermark + 1));
    return std::nullopt;
  }

  /// Goes on with making `totals()` those of the window that ends at `end`;
  /// true when they are.
  bool step(timestamp end) {
    if (!moving_) {
      plan(end);
      moving_ = true;
    }
    std::size_t budget = entries_per_step;
    for (; !work_.empty(); work_.pop_back())
      if (!work_on(work_.back(), budget))
        return false;
    horizon_ = end;
    moving_ = false;
    return true;
  }

  [[nodiscard]] const total_table& totals() const noexcept { return *totals_; }

  /// Of a key of the window: what all its slices add up to, until the next
  /// call.
  [[nodiscard]] const accumulator& combined(const total& of) {
    if constexpr (retracts) {
      return of.sum;
    } else {
      if (!of.has_suffix())
        return of.prefix;
      if (!of.has_prefix)
        return of.suffix;
      both_ = of.suffix;
      fold_->merge(both_, of.prefix);
      return both_;
    }
  }

  /// Adds a record to a slice that is not open.
  template <class V>
  void add_to_complete(slice& to, std::uint64_t hash, const K& key,
                       const V& value) {
    bool fresh = false;
    cell& own = to.table.upsert(hash, key, fresh);
    fold_->add(own.own, fresh, value);
    const timestamp start = to.window.start;
    if (start < window_start_of(horizon_))
      return;
    bool fresh_total = false;
    total& sum = totals_->upsert(hash, key, fresh_total);
    if constexpr (retracts) {
      fold_->add(sum.sum, fresh_total, value);
      sum.slices += fresh ? 1 : 0;
    } else if (start >= boundary_) {
      add_value(sum.prefix, sum.has_prefix, value);
      sum.has_prefix = true;
    } else {
      add_to_back(to, hash, key, value, fresh ? &own : nullptr, sum);
    }
  }

  /// What a key's records in slices that start at first, first + length, ...,
  /// before `end` add up to.
  [[nodiscard]] const accumulator* find(timestamp start, std::uint64_t hash,
                                        const K& key) const {
    const auto found = slices_.find(start);
    if (found == slices_.end())
      return nullptr;
    const cell* held = found->second.table.find(hash, key);
    return held != nullptr ? &held->own : nullptr;
  }

  /// Drops the slices of which every window has closed.
  void drop_closed(timestamp watermark, duration_ms allowed_lateness) {
    while (!slices_.empty()) {
      const auto first = slices_.begin();
      const auto newest = grid_.newest_window(first->first);
      if (is_open(first->first) || first->first >= window_start_of(horizon_)
          || newest.cleanup_time(allowed_lateness) == max_timestamp
          || !is_window_late(newest, allowed_lateness, watermark))
        return;
      slices_.erase(first);
    }
  }

  // -- snapshots --------------------------------------------------------------

  template <class F>
  void for_each(F&& f) const {
    for (const auto& [start, each] : slices_)
      f(each);
  }
  template <class F>
  void for_each(F&& f) {
    for (auto& [start, each] : slices_)
      f(each);
  }
  [[nodiscard]] std::size_t size() const noexcept { return slices_.size(); }

  /// After the slices have been filled.
  void restore(timestamp horizon) {
    horizon_ = horizon;
    const auto first = slices_.lower_bound(window_start_of(horizon_));
    for (auto at = first_open(); at != first;) {
      slice& each = (--at)->second;
      writing_cursor entries{each.table};
      while (const auto entry = entries.next()) {
        const std::uint64_t hash = key_hash(*entry.key);
        if constexpr (retracts)
          put_on(hash, *entry.key, *entry.value);
        else
          turn(each, hash, *entry.key, *entry.value);
      }
    }
    boundary_ = horizon_;
  }

  [[nodiscard]] std::size_t bytes() const noexcept {
    std::size_t sum = totals_ ? totals_->bytes() : 0;
    for_each(
      [&](const slice& each) { sum += sizeof(slice) + each.table.bytes(); });
    return sum;
  }

private:
  using slice_map = std::map<timestamp, slice>;
  using cursor = typename slice::table_type::cursor;
  using writing_cursor = typename slice::table_type::writing_cursor;

  /// What is done with a slice between one window and the next.
  enum class task : std::uint8_t {
    leave, ///< it is no more the window's
    enter, ///< it is new in it
    turn,  ///< it becomes part of the back
  };

  struct piece_of_work {
    task what;
    slice* of;
  };

  /// Entries of tables that a step looks at.
  static constexpr std::size_t entries_per_step = 16'384;

  [[nodiscard]] timestamp window_start_of(timestamp end) const noexcept {
    return saturating_add(end, -grid_.size());
  }
  /// The first slice that ends after a time.
  [[nodiscard]] auto first_ending_after(timestamp at) {
    return slices_.lower_bound(saturating_add(at, 1 - grid_.length()));
  }
  [[nodiscard]] auto first_open() { return first_ending_after(horizon_); }

  /// What has to be done for the window that ends at `end`, the last first.
  void plan(timestamp end) {
    const timestamp start = window_start_of(end);
    const auto oldest = slices_.lower_bound(window_start_of(horizon_));
    const auto stays = slices_.lower_bound(start);
    const auto opened = first_open();
    const auto behind = first_ending_after(end);
    if constexpr (!retracts) {
      if (totals_->empty())
        boundary_ = start;
      if (oldest != stays && !totals_->empty() && boundary_ <= start) {
        // The back is used up.
        totals_->clear(totals_->depth_hint());
        boundary_ = end;
        for (auto at = stays; at != behind; ++at)
          work_.push_back({task::turn, &at->second});
        return;
      }
    }
    for (auto at = behind; at != opened;)
      if ((--at)->first >= start)
        work_.push_back({task::enter, &at->second});
    if (totals_->empty())
      return;
    for (auto at = std::min(start, horizon_) == start ? stays : opened;
         at != oldest;)
      work_.push_back({task::leave, &(--at)->second});
  }

  bool work_on(const piece_of_work& piece, std::size_t& budget) {
    slice& of = *piece.of;
    if (piece.what == task::turn)
      return walk(turned_, of, budget,
                  [&](auto hash, const K& key, cell& held) {
                    turn(of, hash, key, held);
                  });
    return walk(entries_, of, budget,
                [&](auto hash, const K& key, const cell& held) {
                  if (piece.what == task::leave)
                    take_off(of, hash, key, held);
                  else
                    put_on(hash, key, held);
                });
  }

  /// Goes on with the entries of a slice; true behind the last.
  template <class Cursor, class F>
  bool walk(std::optional<Cursor>& at, slice& of, std::size_t& budget, F&& f) {
    if (!at) {
      at.emplace(of.table);
      depth_hint_ = of.table.depth_hint();
    }
    for (; budget > 0; --budget) {
      const auto entry = at->next();
      if (!entry) {
        at.reset();
        return true;
      }
      f(key_hash(*entry.key), *entry.key, *entry.value);
    }
    return false;
  }

  void put_on(std::uint64_t hash, const K& key, const cell& held) {
    bool fresh = false;
    total& sum = totals_->upsert(hash, key, fresh);
    if constexpr (retracts) {
      join(sum.sum, !fresh, held.own);
      ++sum.slices;
    } else {
      join(sum.prefix, sum.has_prefix, held.own);
      sum.has_prefix = true;
    }
  }

  void take_off(const slice& of, std::uint64_t hash, const K& key,
                const cell& held) {
    total* sum = totals_->find_writable(hash, key);
    if (sum == nullptr) [[unlikely]]
      fail_for_changed_key();
    bool gone = false;
    if constexpr (retracts) {
      fold_->retract(sum->sum, held.own);
      gone = --sum->slices == 0;
    } else if (sum->last_back == of.window.start) {
      sum->last_back = min_timestamp;
      gone = !sum->has_prefix;
    } else {
      sum->suffix = held.next;
    }
    if (gone)
      totals_->erase(hash, key);
  }

  /// Of the back, slices come the newest first.
  void turn(slice& of, std::uint64_t hash, const K& key, cell& held) {
    if constexpr (!retracts) {
      total& sum = totals_->upsert(hash, key);
      if (!sum.has_suffix()) {
        sum.last_back = of.window.start;
        sum.suffix = held.own;
        return;
      }
      held.next = sum.suffix;
      accumulator joined = held.own;
      fold_->merge(joined, sum.suffix);
      sum.suffix = std::move(joined);
    }
  }

  void join(accumulator& to, bool has_some, const accumulator& more) {
    if (has_some)
      fold_->merge(to, more);
    else
      to = more;
  }

  /// @param has_some  else `to` holds what it held long ago
  template <class V>
  void add_value(accumulator& to, bool has_some, const V& value) {
    if (!has_some)
      to = accumulator{};
    fold_->add(to, !has_some, value);
  }

  /// @param fresh  the key's cell in the slice, if the record is its first
  template <class V>
  void add_to_back(const slice& to, std::uint64_t hash, const K& key,
                   const V& value, cell* fresh, total& sum) {
    const timestamp start = to.window.start;
    const timestamp first = window_start_of(horizon_);
    bool found = false; // an earlier slice of the back with the key
    for (auto at = slices_.find(start); at != slices_.begin();) {
      --at;
      if (at->first < first)
        break;
      cell* earlier = at->second.table.find_writable(hash, key);
      if (earlier == nullptr)
        continue;
      const bool has_next = sum.last_back > at->first;
      if (fresh != nullptr && !found)
        fresh->next = earlier->next;
      found = true;
      add_value(earlier->next, has_next, value);
    }
    if (fresh != nullptr && !found)
      fresh->next = sum.suffix;
    add_value(sum.suffix, sum.has_suffix(), value);
    sum.last_back = std::max(sum.last_back, start);
  }

  slice_grid grid_;
  Fold* fold_; // the operator's
  std::shared_ptr<segment_pool> pool_ = std::make_shared<segment_pool>();
  hash_range owned_;
  std::uint32_t depth_hint_ = 0;
  slice_map slices_;
  timestamp horizon_ = min_timestamp;

  // Of the window that ends at the horizon.
  std::optional<total_table> totals_;
  timestamp boundary_ = min_timestamp; // slices before it are the back
  accumulator both_{};                 // of the key at hand

  // On the way to the next window.
  bool moving_ = false;
  std::vector<piece_of_work> work_;
  std::optional<cursor> entries_;
  std::optional<writing_cursor> turned_;
};

} // namespace flow
