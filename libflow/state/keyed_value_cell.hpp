#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "libflow/core/arena.hpp"
#include "libflow/core/codec.hpp"
#include "libflow/state/keyed_restore.hpp"
#include "libflow/state/keyed_snapshot.hpp"
#include "libflow/state/segmented_table.hpp"
#include "libflow/state/value_cell.hpp"

namespace flow::detail {

/// The keys of the records that the operator works on now; one per operator.
template <class K>
struct keyed_block {
  block_cursor cursor;
  std::span<const K* const> keys;
  std::span<const std::uint64_t> hashes;
};

/// One keyed state of one operator: knows the type of the key, not that of the
/// value. Its virtual functions are called per block, never per record.
template <class K>
class keyed_cell : public keyed_restore_target {
public:
  /// Starts loading what resolve() will touch for keys of these hashes.
  virtual void prefetch(std::span<const std::uint64_t> hashes) const = 0;
  /// Notes where the value of every key of the block is.
  virtual void resolve() = 0;
  /// Leaves every key of the block unresolved.
  virtual void forget() = 0;

  [[nodiscard]] virtual std::size_t entries() const = 0;
  [[nodiscard]] virtual std::size_t bytes() const = 0;
  [[nodiscard]] virtual std::unique_ptr<keyed_snapshot_part>
  snapshot(std::uint32_t max_parallelism) = 0;
};

/// The table of a value_state.
template <class K, class T>
class keyed_value_cell final : public keyed_cell<K>, public value_cell<T> {
public:
  keyed_value_cell(const keyed_block<K>& block, state_header header,
                   T default_value, std::shared_ptr<segment_pool> pool,
                   hash_range owned, std::uint32_t max_parallelism)
    : value_cell<T>(block.cursor, std::move(default_value)), block_(&block),
      header_(std::move(header)), max_parallelism_(max_parallelism),
      table_(std::move(pool), owned) {}

  [[nodiscard]] const state_header& header() const noexcept override {
    return header_;
  }

  void prefetch(std::span<const std::uint64_t> hashes) const override {
    for (const std::uint64_t hash : hashes)
      table_.prefetch(hash);
  }

  void resolve() override {
    writes_in_place_ = !table_.snapshot_live();
    const auto& keys = block_->keys;
    const auto& hashes = block_->hashes;
    for (std::size_t i = 0; i < keys.size(); ++i)
      slots_[i] = lookup(hashes[i], *keys[i]);
  }

  void forget() override {
    writes_in_place_ = !table_.snapshot_live();
    this->forget_all();
  }

  void erase_current() override {
    const std::size_t i = current();
    const std::uint64_t hash = block_->hashes[i];
    const auto moves = table_.moves();
    table_.erase(hash, *block_->keys[i]);
    note_change(moves, hash);
  }

  [[nodiscard]] std::size_t entries() const override { return table_.size(); }
  [[nodiscard]] std::size_t bytes() const override { return table_.bytes(); }

  [[nodiscard]] std::unique_ptr<keyed_snapshot_part>
  snapshot(std::uint32_t max_parallelism) override {
    auto part = std::make_unique<table_snapshot_part<K, T>>(
      header_, table_.snapshot(), max_parallelism);
    writes_in_place_ = false;
    return part;
  }

  bool read_entry(byte_reader& in, std::uint32_t group) override {
    const arena_scope owning{nullptr};
    K key{};
    T value{};
    if (!codec<K>::decode(in, key) || !codec<T>::decode(in, value))
      return false;
    const std::uint64_t hash = key_hash(key);
    if (key_group_of(hash, max_parallelism_) != group)
      return false;
    bool inserted = false;
    table_.upsert(hash, key, inserted) = std::move(value);
    return inserted;
  }

protected:
  T* find_current() override {
    const std::size_t i = current();
    return slots_[i] = lookup(block_->hashes[i], *block_->keys[i]);
  }

  T& insert_current() override {
    const std::size_t i = current();
    const std::uint64_t hash = block_->hashes[i];
    const auto moves = table_.moves();
    bool inserted = false;
    T& value = table_.upsert(hash, *block_->keys[i], inserted);
    if (inserted) {
      const arena_scope owning{nullptr};
      value = default_;
    }
    if (inserted || table_.moves() != moves)
      note_change(moves, hash);
    slots_[i] = &value;
    return value;
  }

private:
  using value_cell<T>::default_;
  using value_cell<T>::slots_;
  using value_cell<T>::writes_in_place_;

  [[nodiscard]] std::size_t current() const {
    const auto index = this->cursor_->index;
    FLOW_ASSERT(index != block_cursor::no_key,
                "keyed state is used without a current key: only while a "
                "record or a timer is processed is there one");
    return index;
  }

  [[nodiscard]] T* lookup(std::uint64_t hash, const K& key) {
    // Written to only where writable() has seen that it may.
    auto* found = const_cast<T*>(table_.find(hash, key));
    return found != nullptr ? found : &default_;
  }

  /// A key came or went: other records of the block may have it too, and what
  /// moved is anywhere.
  void note_change(std::uint64_t moves_before, std::uint64_t hash) {
    if (table_.moves() != moves_before) {
      this->forget_all();
      return;
    }
    const auto& hashes = block_->hashes;
    for (std::size_t i = 0; i < hashes.size(); ++i)
      if (hashes[i] == hash)
        slots_[i] = nullptr;
  }

  const keyed_block<K>* block_;
  state_header header_;
  std::uint32_t max_parallelism_;
  segmented_table<K, T> table_;
};

} // namespace flow::detail
