#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

#include "libflow/core/arena.hpp"
#include "libflow/state/expiry.hpp"
#include "libflow/state/keyed_cell.hpp"
#include "libflow/state/segmented_table.hpp"
#include "libflow/state/state_scope.hpp"

namespace flow::detail {

/// The table of a state that has a namespace or a time to live: every access
/// looks its entry up. With `Timed` each entry has a time as a whole.
template <class K, class N, class V, bool Timed>
class scoped_cell final : public keyed_cell<K>, public value_cell<V> {
  using scope = scoping<K, N>;
  using stored = std::conditional_t<Timed, timed<V>, V>;

public:
  scoped_cell(const keyed_block<K>& block, const state_scope<N>& space,
              state_header header, V default_value, const ttl_policy& ttl,
              const table_place& where)
    : keyed_cell<K>(std::move(header)), value_cell<V>(block.cursor,
                                                      std::move(default_value)),
      block_(&block), space_(&space), ttl_(ttl),
      max_parallelism_(where.max_parallelism),
      hasher_(scope::make_hasher(where.max_parallelism)),
      table_(where.pool, where.owned, 0, hasher_), sweep_(where.owned.first) {}

  [[nodiscard]] const ttl_policy& ttl() const noexcept { return ttl_; }

  void sweep() override {
    if constexpr (Timed)
      sweep_.step_whole(table_, ttl_);
    else if constexpr (expiry<V>::in_parts)
      sweep_.step_parts(table_, ttl_, chunk_bytes_);
  }

  void erase_current() override {
    if constexpr (holds_chunks<stored>) {
      if (const stored* held = table_.find(hash(), ref()))
        chunk_bytes_ -= held->bytes();
    }
    table_.erase(hash(), ref());
  }

  [[nodiscard]] std::size_t entries() const override { return table_.size(); }
  [[nodiscard]] std::size_t bytes() const override {
    return table_.bytes() + chunk_bytes_;
  }

  [[nodiscard]] std::unique_ptr<keyed_snapshot_part> snapshot() override {
    return std::make_unique<table_snapshot_part<K, N, stored>>(
      this->header(), table_.snapshot(), max_parallelism_);
  }

  void for_each_key(const std::function<void(const K&)>& f) override {
    table_.snapshot().for_each(
      [&](const typename scope::key_type& key, const stored&) {
        if (scope::in_namespace(key, space_->current()))
          f(scope::key_of(key));
      });
  }

  bool read_entry(byte_reader& in, std::uint32_t group) override {
    const arena_scope owning{nullptr};
    typename scope::key_type key{};
    if (!scope::decode(in, key)
        || key_group_of(key_hash(scope::key_of(key)), max_parallelism_)
             != group)
      return false;
    bool inserted = false;
    stored& value = table_.upsert(hasher_(key), key, inserted);
    const std::size_t before = bytes_in_chunks(value);
    const bool read = state_rows<stored>::decode(in, value, inserted);
    chunk_bytes_ += bytes_in_chunks(value) - before;
    return read;
  }

protected:
  V* find_current() override {
    const std::uint64_t at = hash();
    // Written to only through insert_current().
    auto* found = const_cast<stored*>(table_.find(at, ref()));
    if (found == nullptr)
      return &default_;
    if constexpr (Timed) {
      const timestamp now = ttl_.now();
      if (!ttl_.visible(found->written, now)) {
        table_.erase(at, ref());
        return &default_;
      }
      if (ttl_.refreshed_by_reads() && !ttl_.expired(found->written, now)) {
        found = table_.find_writable(at, ref());
        found->written = now;
      }
      return &found->value;
    } else {
      return found;
    }
  }

  V& insert_current() override {
    bool inserted = false;
    stored& found = table_.upsert(hash(), ref(), inserted);
    if constexpr (Timed) {
      const timestamp now = ttl_.now();
      reset(found.value, inserted || !ttl_.visible(found.written, now));
      found.written = now;
      return found.value;
    } else {
      reset(found, inserted);
      return found;
    }
  }

private:
  using value_cell<V>::chunk_bytes_;
  using value_cell<V>::default_;

  void reset(V& value, bool fresh) {
    if (!fresh)
      return;
    const arena_scope owning{nullptr};
    value = default_;
  }

  [[nodiscard]] std::uint64_t hash() const {
    return scope::hash(hasher_, block_->hashes[block_->current()],
                       space_->hash());
  }
  [[nodiscard]] decltype(auto) ref() const {
    return scope::ref(*block_->keys[block_->current()], space_->current());
  }

  const keyed_block<K>* block_;
  const state_scope<N>* space_;
  ttl_policy ttl_;
  std::uint32_t max_parallelism_;
  typename scope::hasher hasher_;
  segmented_table<typename scope::key_type, stored, typename scope::hasher>
    table_;
  expiry_sweep sweep_;
};

} // namespace flow::detail
