#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "libflow/core/arena.hpp"
#include "libflow/core/codec.hpp"
#include "libflow/state/keyed_cell.hpp"
#include "libflow/state/segmented_table.hpp"

namespace flow::detail {

/// The table of a state without namespace and time to live: what lies under
/// the keys of a block is found once for all of its records.
template <class K, class T>
class keyed_value_cell final : public keyed_cell<K>, public value_cell<T> {
public:
  keyed_value_cell(const keyed_block<K>& block, state_header header,
                   T default_value, const table_place& where)
    : keyed_cell<K>(std::move(header)), value_cell<T>(block.cursor,
                                                      std::move(default_value)),
      block_(&block), max_parallelism_(where.max_parallelism),
      table_(where.pool, where.owned) {}

  void prefetch(std::span<const std::uint64_t> hashes) const override {
    const bool live = table_.snapshot_live();
    for (const std::uint64_t hash : hashes) {
      table_.prefetch(hash);
      if (live)
        table_.prefetch_owner(hash);
    }
  }

  void resolve() override {
    const auto& keys = block_->keys;
    const auto& hashes = block_->hashes;
    const bool live = table_.snapshot_live();
    in_place_ = live ? 0 : this->all_in_place;
    for (std::size_t i = 0; i < keys.size(); ++i)
      slots_[i] = lookup(hashes[i], *keys[i]);
    for (std::size_t i = 0; live && i < keys.size(); ++i)
      note_owner(i);
  }

  void forget() override {
    in_place_ = table_.snapshot_live() ? 0 : this->all_in_place;
    this->forget_all();
  }

  void erase_current() override {
    const std::size_t i = block_->current();
    const std::uint64_t hash = block_->hashes[i];
    const auto moves = table_.moves();
    if constexpr (holds_chunks<T>) {
      if (const T* held = table_.find(hash, *block_->keys[i]))
        chunk_bytes_ -= held->bytes();
    }
    table_.erase(hash, *block_->keys[i]);
    note_change(moves, hash);
  }

  [[nodiscard]] std::size_t entries() const override { return table_.size(); }
  [[nodiscard]] std::size_t bytes() const override {
    return table_.bytes() + chunk_bytes_;
  }

  [[nodiscard]] std::unique_ptr<keyed_snapshot_part> snapshot() override {
    auto part = std::make_unique<table_snapshot_part<K, no_namespace, T>>(
      this->header(), table_.snapshot(), max_parallelism_);
    in_place_ = 0;
    return part;
  }

  void for_each_key(const std::function<void(const K&)>& f) override {
    in_place_ = 0;
    table_.snapshot().for_each([&](const K& key, const T&) { f(key); });
  }

  bool read_entry(byte_reader& in, std::uint32_t group) override {
    const arena_scope owning{nullptr};
    K key{};
    if (!codec<K>::decode(in, key))
      return false;
    const std::uint64_t hash = key_hash(key);
    if (key_group_of(hash, max_parallelism_) != group)
      return false;
    bool inserted = false;
    T& value = table_.upsert(hash, key, inserted);
    const std::size_t before = bytes_in_chunks(value);
    const bool read = state_rows<T>::decode(in, value, inserted);
    chunk_bytes_ += bytes_in_chunks(value) - before;
    return read;
  }

protected:
  T* find_current() override {
    const std::size_t i = block_->current();
    slots_[i] = lookup(block_->hashes[i], *block_->keys[i]);
    note_owner(i);
    return slots_[i];
  }

  T& insert_current() override {
    const std::size_t i = block_->current();
    const std::uint64_t hash = block_->hashes[i];
    const auto moves = table_.moves();
    bool inserted = false;
    T& value = table_.upsert(hash, *block_->keys[i], inserted);
    if (inserted) {
      const arena_scope owning{nullptr};
      value = default_;
    }
    if (inserted)
      note_change(moves, hash);
    else if (table_.moves() != moves)
      note_copy(hash);
    slots_[i] = &value;
    note_owner(i);
    return value;
  }

private:
  using value_cell<T>::chunk_bytes_;
  using value_cell<T>::default_;
  using value_cell<T>::in_place_;
  using value_cell<T>::slots_;

  [[nodiscard]] T* lookup(std::uint64_t hash, const K& key) {
    // Written to only where writable() has seen that it may.
    auto* found = const_cast<T*>(table_.find(hash, key));
    return found != nullptr ? found : &default_;
  }

  /// Whether the value of a record may be written to where it is.
  void note_owner(std::size_t i) noexcept {
    const std::uint64_t bit = std::uint64_t{1} << i;
    in_place_ =
      table_.owns(block_->hashes[i]) ? in_place_ | bit : in_place_ & ~bit;
  }

  /// The segment of a hash was a snapshot's too and has been copied.
  void note_copy(std::uint64_t hash) noexcept {
    const auto& hashes = block_->hashes;
    for (std::size_t i = 0; i < hashes.size(); ++i)
      if (table_.same_segment(hashes[i], hash))
        slots_[i] = nullptr;
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
  std::uint32_t max_parallelism_;
  segmented_table<K, T> table_;
};

} // namespace flow::detail
