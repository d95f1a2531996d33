#pragma once

#include <algorithm>
#include <map>

#include "libflow/state/segmented_table.hpp"
#include "tools/bench/baseline/exchange.hpp"

namespace flow::bench {

/// One thread's windows: a table of the engine each, made when the first
/// record comes, walked once all sources have passed the window's end.
template <class Record, class Result, class Digest>
class window_sink {
public:
  window_sink(std::size_t self, std::size_t threads, timestamp size,
              Digest digest)
    : size_(size), reached_(threads, 0),
      owned_(hashes_of(
        {static_cast<std::uint32_t>(self), static_cast<std::uint32_t>(self)},
        static_cast<std::uint32_t>(threads))),
      pool_(std::make_shared<segment_pool>()), digest_(digest) {}

  void take(std::size_t from, const carried<Record>& entry) {
    const timestamp start = entry.time - entry.time % size_;
    if (start != reached_[from]) [[unlikely]]
      reach(from, start);
    if (start != current_start_ || current_ == nullptr) [[unlikely]]
      select(start);
    ++current_->upsert(entry.hash, entry.value.key);
  }

  void finish() { fire(max_timestamp); }

  [[nodiscard]] const checksum& result() const { return result_; }

private:
  using table = segmented_table<std::uint64_t, std::uint64_t>;

  void select(timestamp start) {
    current_ =
      &windows_.try_emplace(start, pool_, owned_, depth_hint_).first->second;
    current_start_ = start;
  }

  void reach(std::size_t from, timestamp start) {
    reached_[from] = start;
    fire(*std::min_element(reached_.begin(), reached_.end()));
  }

  /// All windows that start before `low`.
  void fire(timestamp low) {
    while (!windows_.empty() && windows_.begin()->first < low) {
      const auto& [start, counts] = *windows_.begin();
      counts.for_each([&](std::uint64_t key, std::uint64_t count) {
        result_ += {1, digest_(Result{key, count}, start + size_ - 1)};
      });
      depth_hint_ = counts.depth_hint();
      windows_.erase(windows_.begin());
      current_ = nullptr;
    }
  }

  timestamp size_;
  std::vector<timestamp> reached_; // window that each source is in
  hash_range owned_;
  std::shared_ptr<segment_pool> pool_;
  std::map<timestamp, table> windows_;
  table* current_ = nullptr;
  timestamp current_start_ = 0;
  std::uint32_t depth_hint_ = 0;
  Digest digest_;
  checksum result_;
};

} // namespace flow::bench
