#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "libflow/core/key_group.hpp"
#include "libflow/state/segment.hpp"

namespace flow {

template <class Key, class Value, class Hasher>
class segmented_table;

/// The contents of a segmented_table at one moment: references to its segments,
/// which the table copies before it writes to them.
/// Owner: whoever took it; may outlive the table.
/// @thread any one thread, also while the table's thread writes to the table;
///         may be moved to and ended on another thread
template <class Key, class Value>
class table_snapshot {
public:
  table_snapshot() = default;
  table_snapshot(table_snapshot&& other) noexcept
    : pool_(std::move(other.pool_)), live_(std::move(other.live_)),
      parts_(std::exchange(other.parts_, {})),
      ended_(std::exchange(other.ended_, 0)),
      size_(std::exchange(other.size_, 0)) {}
  table_snapshot& operator=(table_snapshot&& other) noexcept {
    if (this != &other) {
      release();
      pool_ = std::move(other.pool_);
      live_ = std::move(other.live_);
      parts_ = std::exchange(other.parts_, {});
      ended_ = std::exchange(other.ended_, 0);
      size_ = std::exchange(other.size_, 0);
    }
    return *this;
  }
  ~table_snapshot() { release(); }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  [[nodiscard]] std::size_t segment_count() const noexcept {
    return parts_.size();
  }

  /// Calls f(const Key&, const Value&) for the entries of one segment. The
  /// segments are in the order of their keys' hashes and do not overlap; within
  /// one there is no order.
  /// @pre index < segment_count(), not given back
  template <class F>
  void for_each_in(std::size_t index, F&& f) const {
    const auto& one = parts_[index].segment;
    const auto* entries = one.entries();
    one.for_each_slot([&](std::uint32_t slot) {
      f(std::as_const(entries[slot].key), std::as_const(entries[slot].value));
    });
  }

  /// The hashes that keys of a segment can have; those of the next one are
  /// larger.
  [[nodiscard]] const hash_range& hashes_in(std::size_t index) const {
    return parts_[index].hashes;
  }

  /// Starts loading the first entries of a segment.
  void prefetch_in(std::size_t index) const noexcept {
    constexpr std::size_t lines = 8; // the rest follows by itself
    constexpr std::size_t line = 64;
    const auto* at =
      reinterpret_cast<const std::byte*>(&parts_[index].segment.header());
    for (std::size_t i = 0; i < lines; ++i)
      __builtin_prefetch(at + i * line, 0);
  }

  /// Gives the segments before one back: the table may write to them without a
  /// copy, or their memory is used again. They must not be looked at any more.
  void end_segments_before(std::size_t index) noexcept {
    for (; ended_ < index; ++ended_)
      parts_[ended_].segment.release(*pool_);
  }

  /// Calls f(const Key&, const Value&) for every entry.
  /// @pre no segments were given back
  template <class F>
  void for_each(F&& f) const {
    for (std::size_t i = 0; i < parts_.size(); ++i)
      for_each_in(i, f);
  }

private:
  template <class, class, class>
  friend class segmented_table;

  struct part {
    detail::segment<Key, Value> segment;
    hash_range hashes;
  };
  using live_count = std::atomic<std::uint32_t>;

  table_snapshot(std::shared_ptr<segment_pool> pool,
                 std::shared_ptr<live_count> live, std::vector<part> parts,
                 std::size_t size) noexcept
    : pool_(std::move(pool)), live_(std::move(live)), parts_(std::move(parts)),
      size_(size) {}

  void release() noexcept {
    end_segments_before(parts_.size());
    parts_.clear();
    ended_ = 0;
    // Last: the owner that reads zero writes without looking at references.
    if (live_)
      live_->fetch_sub(1, std::memory_order_release);
    live_.reset();
  }

  std::shared_ptr<segment_pool> pool_;
  std::shared_ptr<live_count> live_;
  std::vector<part> parts_;
  std::size_t ended_ = 0; ///< segments that were given back
  std::size_t size_ = 0;
};

} // namespace flow
