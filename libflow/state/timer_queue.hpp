#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "libflow/state/key_hasher.hpp"
#include "libflow/state/keyed_cell.hpp"
#include "libflow/state/segmented_table.hpp"
#include "libflow/state/state_scope.hpp"
#include "libflow/time/timer_heap.hpp"

namespace flow {

namespace detail {

/// What tells the timers of one key apart.
template <class N>
struct timer_id {
  timestamp time = 0;
  N space{};

  friend bool operator==(const timer_id&, const timer_id&) = default;
};

template <class N>
[[nodiscard]] std::uint64_t namespace_hash(const timer_id<N>& id) {
  return namespace_hash(id.space) * 0x9e3779b97f4a7c15
         ^ static_cast<std::uint64_t>(id.time) * 0xd6e8feb86659fd93;
}

/// Where the heap has a timer. Nothing of it stands in a snapshot.
struct timer_slot {
  timer_heap::handle handle = 0;
};

template <>
struct state_rows<timer_slot> {
  static constexpr bool one_each = true;
  struct position {};

  [[nodiscard]] static std::size_t count(const timer_slot&) { return 1; }
  static void encode_next(const timer_slot&, position&, byte_writer&) {}
};

} // namespace detail

template <class N>
struct codec<detail::timer_id<N>> {
  static constexpr bool scoped = !std::is_same_v<N, no_namespace>;

  static void encode(const detail::timer_id<N>& id, byte_writer& out) {
    if constexpr (scoped)
      codec<N>::encode(id.space, out);
    out.write_int(id.time);
  }
  [[nodiscard]] static bool decode(byte_reader& in,
                                   detail::timer_id<N>& id) noexcept {
    if constexpr (scoped) {
      if (!codec<N>::decode(in, id.space))
        return false;
    }
    return in.read_int(id.time);
  }
  [[nodiscard]] static std::string schema() { return "i64"; }
};

/// A timer that is due: its own any more.
template <class K, class N>
struct due_timer {
  K key;
  std::uint64_t hash = 0; ///< of the key
  N space;
  timestamp time = 0;
};

/// The timers of one operator in one kind of time: each is a time, a key and a
/// namespace, and exists once.
///
/// A table tells whether a timer exists and is what a snapshot refers to, in
/// the order of key groups; a heap tells which is next. Timers of equal time
/// fire in the order of a hash of key and namespace.
/// Owner: the keyed_state_store. Cost: a table access and a step in the heap.
/// Memory: about 70 bytes a timer with 8-byte keys.
/// @thread the operator's
template <class K, class N>
class timer_queue final : public detail::keyed_cell<K> {
  using id_type = detail::timer_id<N>;
  using scope = detail::scoping<K, id_type>;
  using table_key = typename scope::key_type;

public:
  timer_queue(detail::state_header header, const detail::table_place& where)
    : detail::keyed_cell<K>(std::move(header)),
      max_parallelism_(where.max_parallelism),
      hasher_(scope::make_hasher(where.max_parallelism)),
      table_(where.pool, where.owned, 0, hasher_) {}

  /// @return false when it exists already
  bool add(const K& key, std::uint64_t hash, const N& space, timestamp time) {
    return insert(key, hash, {time, space});
  }

  /// @return false when there is none
  bool remove(const K& key, std::uint64_t hash, const N& space,
              timestamp time) {
    const id_type id{time, space};
    const std::uint64_t at = hash_of(hash, id);
    const auto* found = table_.find(at, scope::ref(key, id));
    if (found == nullptr)
      return false;
    heap_.erase(found->handle);
    table_.erase(at, scope::ref(key, id));
    return true;
  }

  /// Time of the earliest.
  [[nodiscard]] std::optional<timestamp> next() const noexcept {
    if (heap_.empty())
      return std::nullopt;
    return heap_.front().time;
  }

  /// Takes the earliest out if its time is at or before `upto`. Throws when it
  /// came with a hash that is not its key's.
  std::optional<due_timer<K, N>> pop_due(timestamp upto) {
    if (heap_.empty() || heap_.front().time > upto)
      return std::nullopt;
    const auto front = heap_.front();
    const auto found =
      table_.find_item(front.order, in_heap{front.time, front.order, &hasher_});
    if (!found) [[unlikely]]
      fail_for_changed_key();
    due_timer<K, N> due{found.key->key, key_hash(found.key->key),
                        found.key->space.space, front.time};
    heap_.erase(found.value->handle);
    const id_type id{due.time, due.space};
    table_.erase(front.order, scope::ref(due.key, id));
    return due;
  }

  [[nodiscard]] std::size_t size() const noexcept { return heap_.size(); }

  /// Timers of one key; looks at all of them.
  [[nodiscard]] std::size_t size_of(const K& key) const {
    std::size_t count = 0;
    table_.for_each([&](const table_key& each, const auto&) {
      count += each.key == key ? 1 : 0;
    });
    return count;
  }

  [[nodiscard]] std::size_t entries() const override { return size(); }
  [[nodiscard]] std::size_t bytes() const override {
    return table_.bytes() + heap_.bytes();
  }

  [[nodiscard]] std::unique_ptr<detail::keyed_snapshot_part>
  snapshot() override {
    return std::make_unique<
      detail::table_snapshot_part<K, id_type, detail::timer_slot>>(
      this->header(), table_.snapshot(), max_parallelism_);
  }

  /// Once per timer.
  void for_each_key(const std::function<void(const K&)>& f) override {
    table_.snapshot().for_each(
      [&](const table_key& each, const auto&) { f(each.key); });
  }

  bool read_entry(byte_reader& in, std::uint32_t group) override {
    const arena_scope owning{nullptr};
    table_key key{};
    if (!scope::decode(in, key))
      return false;
    const std::uint64_t hash = key_hash(key.key);
    return key_group_of(hash, max_parallelism_) == group
           && insert(key.key, hash, key.space);
  }

private:
  /// Finds the timer that the heap means; of two whose hashes agree either
  /// will do, because the other one comes next.
  struct in_heap {
    timestamp time;
    std::uint64_t hash;
    const typename scope::hasher* hasher;

    friend bool operator==(const table_key& a, const in_heap& b) {
      return a.space.time == b.time && (*b.hasher)(a) == b.hash;
    }
  };

  [[nodiscard]] std::uint64_t hash_of(std::uint64_t key,
                                      const id_type& id) const {
    return scope::hash(hasher_, key, detail::namespace_hash(id));
  }

  bool insert(const K& key, std::uint64_t hash, const id_type& id) {
    const std::uint64_t at = hash_of(hash, id);
    bool inserted = false;
    auto& slot = table_.upsert(at, scope::ref(key, id), inserted);
    if (inserted)
      slot.handle = heap_.push(id.time, at);
    return inserted;
  }

  std::uint32_t max_parallelism_;
  typename scope::hasher hasher_;
  segmented_table<table_key, detail::timer_slot, typename scope::hasher> table_;
  timer_heap heap_;
};

} // namespace flow
