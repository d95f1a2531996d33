#pragma once

#include "tools/bench/baseline/own_table.hpp"
#include "tools/bench/window_records.hpp"

namespace flow::bench {

/// A record of either stream; its time travels beside it.
struct sided_event {
  std::uint64_t key = 0;
  bool right = false;
};

/// Reads a tape of each stream by turns. @pre both of one length
struct two_tapes {
  const tape<timed_event>& left;
  const tape<timed_event>& right;

  [[nodiscard]] std::uint64_t length() const { return 2 * left.length(); }

  /// @pre first and last are even
  template <class F>
  void read(std::uint64_t first, std::uint64_t last, F&& f) const {
    left.read(first / 2, last / 2, [&](const timed_event& in, timestamp at) {
      f(sided_event{in.key, false}, at);
    });
    right.read(first / 2, last / 2, [&](const timed_event& in, timestamp at) {
      f(sided_event{in.key, true}, at);
    });
  }
};

/// One thread's share of a join: of each key the records of both streams that
/// may still have a partner, dropped when the key comes again.
class join_sink {
public:
  join_sink(std::size_t self, std::size_t threads, timestamp bound)
    : bound_(bound), reached_(2 * threads, 0),
      table_(own_table<buffers>(self, threads)) {}

  void take(std::size_t from, const carried<sided_event>& entry) {
    const auto side = static_cast<std::size_t>(entry.value.right);
    reached_[2 * from + side] = entry.time;
    const timestamp low = *std::min_element(reached_.begin(), reached_.end());
    buffers& of = table_->upsert(entry.hash, entry.value.key);
    for (auto* each : {&of.left, &of.right})
      std::erase_if(*each, [&](const timed_event& held) {
        return held.time + bound_ < low;
      });
    for (const timed_event& other : side == 0 ? of.right : of.left)
      if (std::abs(other.time - entry.time) <= bound_)
        emit(entry.value.key, side == 0 ? entry.time : other.time,
             side == 0 ? other.time : entry.time);
    (side == 0 ? of.left : of.right).push_back({entry.value.key, entry.time});
  }

  void finish() {}

  [[nodiscard]] const checksum& result() const { return result_; }

private:
  struct buffers {
    std::vector<timed_event> left, right;
  };

  void emit(std::uint64_t key, timestamp left, timestamp right) {
    const auto pair = static_cast<std::uint64_t>(3 * left + right);
    result_ += {1, window_digest{}({key, pair}, std::max(left, right))};
  }

  timestamp bound_;
  std::vector<timestamp> reached_; // by each source, left and right
  std::unique_ptr<table_of_keys<buffers>> table_;
  checksum result_;
};

} // namespace flow::bench
