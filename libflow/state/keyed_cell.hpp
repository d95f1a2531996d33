#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <utility>

#include "libflow/state/keyed_restore.hpp"
#include "libflow/state/keyed_snapshot.hpp"
#include "libflow/state/segment_pool.hpp"
#include "libflow/state/value_cell.hpp"

namespace flow::detail {

/// The keys of the records that the operator works on now; one per operator.
template <class K>
struct keyed_block {
  block_cursor cursor;
  std::span<const K* const> keys;
  std::span<const std::uint64_t> hashes;

  /// Place in the block of the key that is current. Throws std::logic_error,
  /// into the author's code, when there is none.
  [[nodiscard]] std::size_t current() const {
    if (cursor.index == block_cursor::no_key) [[unlikely]]
      throw std::logic_error{
        "keyed state or timers are used without a current key: there is one "
        "only while a record of a keyed input or a timer is processed"};
    return cursor.index;
  }
};

/// Where a store's tables lie.
struct table_place {
  std::shared_ptr<segment_pool> pool;
  hash_range owned;
  std::uint32_t max_parallelism = 0;
};

/// One keyed state of one operator: knows the type of the key, not that of the
/// value. Its virtual functions are called per block, never per record.
template <class K>
class keyed_cell : public keyed_restore_target {
public:
  explicit keyed_cell(state_header header) : header_(std::move(header)) {}

  [[nodiscard]] const state_header& header() const noexcept final {
    return header_;
  }

  /// Starts loading what resolve() will touch for keys of these hashes.
  virtual void prefetch(std::span<const std::uint64_t>) const {}
  /// Notes where the value of every key of the block is.
  virtual void resolve() {}
  /// Leaves every key of the block unresolved.
  virtual void forget() {}
  /// Drops some of what has expired.
  virtual void sweep() {}

  [[nodiscard]] virtual std::size_t entries() const = 0;
  [[nodiscard]] virtual std::size_t bytes() const = 0;
  [[nodiscard]] virtual std::unique_ptr<keyed_snapshot_part> snapshot() = 0;

  /// Calls f for every key that has an entry (in the current namespace, where
  /// there are namespaces) when the call begins. f may change the state.
  virtual void for_each_key(const std::function<void(const K&)>& f) = 0;

private:
  state_header header_;
};

} // namespace flow::detail
