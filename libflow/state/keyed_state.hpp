#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "libflow/core/error.hpp"
#include "libflow/core/key_group.hpp"
#include "libflow/core/type_name.hpp"
#include "libflow/state/descriptors.hpp"
#include "libflow/state/keyed_value_cell.hpp"

namespace flow {

/// The keyed states of one operator in one subtask: the keys of one range of
/// key groups.
///
/// The operator works in blocks of up to `keyed_block_records` records. It
/// calls prefetch() for the block after this one, begin_block() for this one,
/// and select() before each record's user code; the user's code then reads and
/// writes through its handles, which follow a pointer found at begin_block().
///
/// Owner: the operator; handles and the spans given to begin_block() refer to
/// each other until end_block() or the next block.
/// @thread the operator's
template <class K>
class keyed_state_store {
public:
  explicit keyed_state_store(
    key_group_range groups, std::uint32_t max_parallelism,
    std::shared_ptr<segment_pool> pool = std::make_shared<segment_pool>())
    : groups_(groups), max_parallelism_(max_parallelism),
      owned_(hashes_of(groups, max_parallelism)), pool_(std::move(pool)) {}

  keyed_state_store(const keyed_state_store&) = delete;
  keyed_state_store& operator=(const keyed_state_store&) = delete;

  /// The state of a name; made at the first call. The same name with another
  /// type is an error. The default value is that of the first call.
  template <class T>
  expected<value_state<T>> value(const value_state_descriptor<T>& wanted) {
    using cell_type = detail::keyed_value_cell<K, T>;
    for (const auto& known : cells_) {
      if (known->header().name != wanted.name)
        continue;
      if (auto* same = dynamic_cast<cell_type*>(known.get()))
        return value_state<T>{*same};
      return error{error_code::invalid_argument,
                   "the state \"" + wanted.name + "\" holds "
                     + known->header().schema + "; it cannot also be a value "
                     + "of type " + type_name<T>()};
    }
    auto made = std::make_unique<cell_type>(
      block_,
      detail::state_header{state_format::state_kind::value, wanted.name,
                           codec<T>::schema()},
      wanted.default_value, pool_, owned_, max_parallelism_);
    value_state<T> handle{*made};
    cells_.push_back(std::move(made));
    return handle;
  }

  /// Starts loading what begin_block() will touch for these hashes: those of
  /// the block after the one in work.
  void prefetch(std::span<const std::uint64_t> hashes) const {
    for (const auto& cell : cells_)
      cell->prefetch(hashes);
  }

  /// Looks all keys up; no key is current yet.
  /// @pre both spans have the same size, at most keyed_block_records; the
  ///      hashes are the keys'; both stay in place until end_block()
  void begin_block(std::span<const K* const> keys,
                   std::span<const std::uint64_t> hashes) {
    FLOW_ASSERT(keys.size() == hashes.size()
                  && keys.size() <= keyed_block_records,
                "a block has a hash for each of its at most 32 keys");
    set_block(keys, hashes);
    for (const auto& cell : cells_)
      cell->resolve();
  }

  /// Makes the key of a record of the block current.
  void select(std::size_t index) noexcept {
    block_.cursor.index = static_cast<std::uint32_t>(index);
  }

  /// Makes one key current, for a timer or a single record; ends a block. The
  /// key stays in place until end_block() or the next key or block.
  void select(const K& key, std::uint64_t hash) {
    single_key_ = &key;
    single_hash_ = hash;
    set_block({&single_key_, 1}, {&single_hash_, 1});
    for (const auto& cell : cells_)
      cell->forget();
    select(0);
  }

  /// No key is current any more.
  void end_block() noexcept {
    block_.keys = {};
    block_.hashes = {};
    block_.cursor.index = detail::block_cursor::no_key;
  }

  /// Entries of all states.
  [[nodiscard]] std::size_t entry_count() const {
    std::size_t total = 0;
    for (const auto& cell : cells_)
      total += cell->entries();
    return total;
  }

  /// Memory of the tables; not what keys and values hold elsewhere.
  [[nodiscard]] std::size_t bytes() const {
    std::size_t total = 0;
    for (const auto& cell : cells_)
      total += cell->bytes();
    return total;
  }

  [[nodiscard]] key_group_range groups() const noexcept { return groups_; }

  /// All entries as they are now. Cost: one reference per segment of the
  /// tables (about a microsecond per 1,000 to 10,000 entries).
  [[nodiscard]] keyed_state_snapshot snapshot() {
    std::vector<std::unique_ptr<detail::keyed_snapshot_part>> parts;
    for (const auto& cell : cells_)
      parts.push_back(cell->snapshot(max_parallelism_));
    return {header(), std::move(parts)};
  }

  /// Takes the entries of the own key groups from what write_keyed_state()
  /// wrote; called once per old subtask, after the states have been
  /// registered. Damaged bytes are corrupt_data and name state and offset;
  /// another type, hash or max parallelism is incompatible and names both.
  /// After an error the store holds a part and must not be used.
  expected<restored_keyed_state> restore(std::span<const std::byte> bytes) {
    std::vector<detail::keyed_restore_target*> targets;
    for (const auto& cell : cells_)
      targets.push_back(cell.get());
    return detail::read_keyed_state(bytes, header(), targets);
  }

private:
  [[nodiscard]] detail::keyed_header header() const {
    return {state_format::version, std::string{hash_id},
            max_parallelism_,      groups_,
            codec<K>::schema(),    static_cast<std::uint32_t>(cells_.size())};
  }

  void set_block(std::span<const K* const> keys,
                 std::span<const std::uint64_t> hashes) noexcept {
    block_.keys = keys;
    block_.hashes = hashes;
    block_.cursor.index = detail::block_cursor::no_key;
  }

  key_group_range groups_;
  std::uint32_t max_parallelism_;
  hash_range owned_;
  std::shared_ptr<segment_pool> pool_;
  detail::keyed_block<K> block_;
  std::vector<std::unique_ptr<detail::keyed_cell<K>>> cells_;
  const K* single_key_ = nullptr;
  std::uint64_t single_hash_ = 0;
};

} // namespace flow
