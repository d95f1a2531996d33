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
      size_(std::exchange(other.size_, 0)) {}
  table_snapshot& operator=(table_snapshot&& other) noexcept {
    if (this != &other) {
      release();
      pool_ = std::move(other.pool_);
      live_ = std::move(other.live_);
      parts_ = std::exchange(other.parts_, {});
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
  /// @pre index < segment_count()
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

  /// Calls f(const Key&, const Value&) for every entry.
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
    for (auto& each : parts_)
      each.segment.release(*pool_);
    parts_.clear();
    // Last: the owner that reads zero writes without looking at references.
    if (live_)
      live_->fetch_sub(1, std::memory_order_release);
    live_.reset();
  }

  std::shared_ptr<segment_pool> pool_;
  std::shared_ptr<live_count> live_;
  std::vector<part> parts_;
  std::size_t size_ = 0;
};

} // namespace flow
