#pragma once

#include "tools/bench/baseline/open_sessions.hpp"
#include "tools/bench/baseline/own_table.hpp"
#include "tools/bench/window_records.hpp"

namespace flow::bench {

/// One thread's sessions, in a table of the engine, without prefetch. A key
/// that has any is noted once, in the slot of a time, to be looked at when all
/// sources are a gap beyond it: they have ended then, or it is noted again at
/// the last record of one.
class session_sink {
public:
  session_sink(std::size_t self, std::size_t threads, timestamp gap)
    : gap_(gap), reached_(threads, 0), slots_(std::size_t{1} << 14),
      table_(own_table<open_sessions>(self, threads)) {}

  void take(std::size_t from, const carried<timed_event>& entry) {
    if (table_->upsert(entry.hash, entry.value.key)
          .add(entry.time, gap_, more_))
      slot(entry.time).emplace_back(entry.hash, entry.value.key);
    if (std::exchange(reached_[from], entry.time) == entry.time) [[likely]]
      return;
    const timestamp low = *std::min_element(reached_.begin(), reached_.end());
    for (; swept_ + gap_ < low; ++swept_)
      sweep(low - gap_);
  }

  void finish() {
    for (std::size_t i = 0; i < slots_.size(); ++i, ++swept_)
      sweep(max_timestamp);
  }

  [[nodiscard]] const checksum& result() const { return result_; }

private:
  using noted = std::pair<std::uint64_t, std::uint64_t>; // hash and key

  std::vector<noted>& slot(timestamp at) {
    return slots_[static_cast<std::size_t>(at) % slots_.size()];
  }

  void sweep(timestamp end) {
    due_.clear();
    due_.swap(slot(swept_));
    for (const auto& [hash, key] : due_) {
      open_sessions* of = table_->find_writable(hash, key);
      if (of == nullptr)
        continue;
      of->close(end, more_, [&, key = key](const open_session& each) {
        result_ +=
          {1, window_digest{}({key, each.count}, each.last + gap_ - 1)};
      });
      if (of->size() == 0)
        table_->erase(hash, key);
      else
        slot(of->last_of_first()).emplace_back(hash, key);
    }
  }

  timestamp gap_;
  std::vector<timestamp> reached_; // by each source
  timestamp swept_ = 0;
  std::vector<std::vector<noted>> slots_; // by the millisecond, in a circle
  std::vector<noted> due_;
  std::unique_ptr<table_of_keys<open_sessions>> table_;
  session_overflow more_;
  checksum result_;
};

} // namespace flow::bench
