#pragma once

#include <cstddef>
#include <optional>
#include <utility>

#include "libflow/core/arena.hpp"
#include "libflow/state/chunk_map.hpp"
#include "libflow/state/parted_state.hpp"

namespace flow {

/// A map per key, of the key that is current, in the order of the map keys
/// (`operator<` where they have one); with a time to live, each entry has its
/// own.
/// Owner: a cheap handle; the operator's keyed_state_store must outlive it.
/// References are valid until the next call on any state of the operator.
/// Memory: chunks of at most 4 KiB; a write after a snapshot copies one.
/// @thread the operator's
template <class MK, class MV>
class map_state
  : public detail::parted_state<detail::chunk_map<MK, MV>,
                                detail::chunk_map<MK, detail::timed<MV>>> {
  using plain_map = detail::chunk_map<MK, MV>;
  using timed_map = detail::chunk_map<MK, detail::timed<MV>>;
  using base = detail::parted_state<plain_map, timed_map>;

public:
  /// Names no state, as value_state's.
  map_state() = default;

  explicit map_state(detail::value_cell<plain_map>& cell) noexcept
    : base(cell) {}
  map_state(detail::value_cell<timed_map>& cell,
            const detail::ttl_policy& ttl) noexcept
    : base(cell, ttl) {}

  /// The value of a map key, or nullptr.
  [[nodiscard]] const MV* find(const MK& key) const {
    if (timed_ == nullptr)
      return plain_->resolved()->find(key);
    const auto* found = timed_->resolved()->find(key);
    const timestamp now = ttl_->now();
    if (found == nullptr || !ttl_->visible(found->written, now))
      return nullptr;
    if (!ttl_->refreshed_by_reads() || ttl_->expired(found->written, now))
      return &found->value;
    timed_->change([&](timed_map& map) {
      bool inserted = false;
      map.upsert(key, inserted).written = now;
    });
    return &timed_->resolved()->find(key)->value;
  }

  [[nodiscard]] bool contains(const MK& key) const {
    return find(key) != nullptr;
  }

  void put(const MK& key, MV value) {
    const arena_scope owning{nullptr};
    bool inserted = false;
    if (timed_ == nullptr)
      plain_->change(
        [&](plain_map& map) { map.upsert(key, inserted) = std::move(value); });
    else
      timed_->change([&](timed_map& map) {
        map.upsert(key, inserted) = {ttl_->now(), std::move(value)};
      });
  }

  /// Calls f(MV&) with the value of a map key, which starts value-initialised.
  /// f must not use a state itself.
  template <class F>
  void update(const MK& key, F&& f) {
    bool inserted = false;
    if (timed_ == nullptr) {
      plain_->change([&](plain_map& map) { f(map.upsert(key, inserted)); });
      return;
    }
    timed_->change([&](timed_map& map) {
      auto& entry = map.upsert(key, inserted);
      const timestamp now = ttl_->now();
      if (!inserted && !ttl_->visible(entry.written, now))
        entry.value = MV{};
      entry.written = now;
      f(entry.value);
    });
  }

  void erase(const MK& key) {
    if (timed_ == nullptr)
      erase_from(*plain_, key);
    else
      erase_from(*timed_, key);
  }

  /// Calls f(const MK&, const MV&) in the order of keys. f must not use a
  /// state itself.
  template <class F>
  void for_each(F&& f) const {
    if (timed_ == nullptr) {
      plain_->resolved()->for_each(f);
      return;
    }
    const timestamp now = ttl_->now();
    this->refresh(now);
    timed_->resolved()->for_each([&](const MK& key, const auto& each) {
      if (ttl_->visible(each.written, now))
        f(key, each.value);
    });
  }

  /// The same for the map keys in [first, last], until f returns false if it
  /// returns a bool; costs what is in between.
  template <class F>
  void for_each_in(const MK& first, const MK& last, F&& f) const {
    if (timed_ == nullptr) {
      plain_->resolved()->for_each_in(first, last, f);
      return;
    }
    const timestamp now = ttl_->now();
    timed_->resolved()->for_each_in(first, last,
                                    [&](const MK& key, const auto& each) {
                                      if (ttl_->visible(each.written, now))
                                        f(key, each.value);
                                    });
  }

  /// The smallest map key, and the largest that is not above `key`. Without a
  /// time to live only.
  [[nodiscard]] std::optional<MK> first_key() const {
    return copy_of(plain_->resolved()->first_key());
  }
  [[nodiscard]] std::optional<MK> floor(const MK& key) const {
    return copy_of(plain_->resolved()->floor(key));
  }

  /// Drops the entries in front for whose map keys f(const MK&) holds. Without
  /// a time to live only.
  template <class F>
  void erase_while(F&& f) {
    const plain_map* map = plain_->resolved();
    if (map->empty() || !f(*map->first_key()))
      return;
    bool empty = false;
    plain_->change([&](plain_map& changed) {
      changed.erase_while(f);
      empty = changed.empty();
    });
    if (empty)
      plain_->erase_current();
  }

  /// Entries; with a time to live a walk over all of them.
  [[nodiscard]] std::size_t size() const {
    if (timed_ == nullptr)
      return plain_->resolved()->size();
    std::size_t result = 0;
    for_each([&](const MK&, const MV&) { ++result; });
    return result;
  }
  [[nodiscard]] bool empty() const { return size() == 0; }

private:
  using base::plain_;
  using base::timed_;
  using base::ttl_;

  [[nodiscard]] static std::optional<MK> copy_of(const MK* key) {
    return key != nullptr ? std::optional<MK>{*key} : std::nullopt;
  }

  template <class Map>
  static void erase_from(detail::value_cell<Map>& cell, const MK& key) {
    const Map* map = cell.resolved();
    if (map->find(key) == nullptr)
      return;
    if (map->size() == 1)
      cell.erase_current();
    else
      cell.change([&](Map& changed) { changed.erase(key); });
  }
};

} // namespace flow
