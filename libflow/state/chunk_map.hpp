#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "libflow/core/arena.hpp"
#include "libflow/core/bytes.hpp"
#include "libflow/core/codec.hpp"
#include "libflow/core/hash.hpp"
#include "libflow/state/chunk.hpp"
#include "libflow/state/state_rows.hpp"

namespace flow::detail {

/// The order of map keys: their own where they have one, else that of their
/// hashes and encodings.
struct map_order {
  template <class K>
  [[nodiscard]] bool operator()(const K& a, const K& b) const {
    if constexpr (requires { bool{a < b}; }) {
      return a < b;
    } else {
      const auto left = key_hash(a);
      const auto right = key_hash(b);
      return left != right ? left < right : encoded(a) < encoded(b);
    }
  }

private:
  template <class K>
  static std::vector<std::byte> encoded(const K& key) {
    std::vector<std::byte> bytes;
    byte_writer out{bytes};
    codec<K>::encode(key, out);
    return bytes;
  }
};

/// The entries of a map state under one key, in the order of their keys, in
/// chunks of at most 4 KiB: a snapshot shares them, and a write copies one.
/// Owner: a value of a table. Keys and values own their bytes.
/// Cost: find is logarithmic; a change moves the entries of one chunk, a split
/// the pointers to the chunks behind it.
/// @thread as for any value; copies may be read on another thread
template <class MK, class MV>
class chunk_map {
  static_assert(!holds_floating_point<MK>,
                "a map key holds no floating-point number: use "
                "flow::float_key");

public:
  struct entry {
    MK key;
    MV value;
  };

  [[nodiscard]] const MV* find(const MK& key) const {
    if (row_.empty())
      return nullptr;
    const auto& items = row_.read(chunk_of(key));
    const auto at = lower(items, key);
    return at != items.size() && !map_order{}(key, items[at].key)
             ? &items[at].value
             : nullptr;
  }

  /// The value to write to; a new one is value-initialised.
  MV& upsert(const MK& key, bool& inserted) {
    const arena_scope owning{nullptr};
    if (row_.empty())
      return insert(row_.insert(0), 0, key, inserted);
    std::size_t index = chunk_of(key);
    std::size_t at = lower(row_.read(index), key);
    if (at != row_.read(index).size()
        && !map_order{}(key, row_.read(index)[at].key)) {
      inserted = false;
      return (*row_.write(index))[at].value;
    }
    if (row_.read(index).size() >= chunk<entry>::capacity) {
      split(index);
      index = chunk_of(key);
      at = lower(row_.read(index), key);
    }
    return insert(row_.write(index), at, key, inserted);
  }

  bool erase(const MK& key) {
    if (row_.empty())
      return false;
    const std::size_t index = chunk_of(key);
    const std::size_t at = lower(row_.read(index), key);
    if (at == row_.read(index).size()
        || map_order{}(key, row_.read(index)[at].key))
      return false;
    --size_;
    if (row_.read(index).size() == 1) {
      row_.erase(index, 1);
      return true;
    }
    const arena_scope owning{nullptr};
    {
      const auto items = row_.write(index);
      std::move(items->begin() + at + 1, items->end(), items->begin() + at);
      items->truncate(items->size() - 1);
    }
    join(index);
    return true;
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  void clear() noexcept {
    row_ = {};
    size_ = 0;
  }

  /// Calls f(const MK&, const MV&) in the order of keys.
  template <class F>
  void for_each(F&& f) const {
    for (std::size_t i = 0; i < row_.count(); ++i)
      for (const entry& each : row_.read(i))
        f(each.key, each.value);
  }

  /// The same for keys in [first, last], until f returns false if it returns a
  /// bool.
  template <class F>
  void for_each_in(const MK& first, const MK& last, F&& f) const {
    if (row_.empty())
      return;
    std::size_t index = chunk_of(first);
    std::size_t at = lower(row_.read(index), first);
    for (; index < row_.count(); ++index, at = 0)
      for (const auto& items = row_.read(index); at < items.size(); ++at) {
        const entry& each = items[at];
        if (map_order{}(last, each.key))
          return;
        if constexpr (std::is_same_v<decltype(f(each.key, each.value)), bool>) {
          if (!f(each.key, each.value))
            return;
        } else {
          f(each.key, each.value);
        }
      }
  }

  /// The largest key that is not above `key`, or nullptr.
  [[nodiscard]] const MK* floor(const MK& key) const {
    if (row_.empty())
      return nullptr;
    const auto& items = row_.read(chunk_of(key));
    const auto above = std::upper_bound(
      items.begin(), items.end(), key,
      [](const MK& a, const entry& b) { return map_order{}(a, b.key); });
    return above == items.begin() ? nullptr : &(above - 1)->key;
  }

  /// Calls f(const MK&, MV&) for every entry, which makes all chunks this
  /// map's own.
  template <class F>
  void change_each(F&& f) {
    const arena_scope owning{nullptr};
    for (std::size_t i = 0; i < row_.count(); ++i)
      for (entry& each : *row_.write(i))
        f(std::as_const(each.key), each.value);
  }

  /// Drops the entries for which f(const MK&, const MV&) holds, looking at
  /// chunks [first, last) only.
  template <class F>
  void erase_if(F&& f, std::size_t first, std::size_t last) {
    for (std::size_t i = std::min(last, row_.count()); i-- > first;)
      erase_in_chunk(i, f);
  }
  template <class F>
  void erase_if(F&& f) {
    erase_if(std::forward<F>(f), 0, row_.count());
  }

  /// Drops the entries in front for which f(const MK&) holds.
  template <class F>
  void erase_while(F&& f) {
    std::size_t whole = 0;
    while (whole < row_.count()
           && f(row_.read(whole)[row_.read(whole).size() - 1].key))
      size_ -= row_.read(whole++).size();
    row_.erase(0, whole);
    if (row_.empty())
      return;
    const auto& items = row_.read(0);
    std::size_t kept = 0;
    while (f(items[kept].key))
      ++kept;
    if (kept > 0) {
      const arena_scope owning{nullptr};
      column<entry> rest;
      rest.append({items.data() + kept, items.size() - kept});
      *row_.write(0) = std::move(rest);
      size_ -= kept;
    }
  }

  /// The first key, or nullptr.
  [[nodiscard]] const MK* first_key() const noexcept {
    return row_.empty() ? nullptr : &row_.read(0)[0].key;
  }

  [[nodiscard]] std::size_t chunks() const noexcept { return row_.count(); }
  [[nodiscard]] const column<entry>& chunk_at(std::size_t index) const {
    return row_.read(index);
  }
  [[nodiscard]] std::size_t bytes() const noexcept { return row_.bytes(); }

private:
  /// The chunk where a key is or belongs: the last whose first key is not
  /// larger. @pre a chunk exists
  [[nodiscard]] std::size_t chunk_of(const MK& key) const {
    std::size_t first = 1;
    std::size_t last = row_.count();
    while (first < last) {
      const std::size_t middle = first + (last - first) / 2;
      if (map_order{}(key, row_.read(middle)[0].key))
        last = middle;
      else
        first = middle + 1;
    }
    return first - 1;
  }

  [[nodiscard]] static std::size_t lower(const column<entry>& items,
                                         const MK& key) {
    const auto found = std::lower_bound(
      items.begin(), items.end(), key,
      [](const entry& a, const MK& b) { return map_order{}(a.key, b); });
    return static_cast<std::size_t>(found - items.begin());
  }

  MV& insert(const typename chunk_row<entry>::writing& items, std::size_t at,
             const MK& key, bool& inserted) {
    items->emplace_back(entry{key, MV{}});
    std::rotate(items->begin() + at, items->end() - 1, items->end());
    inserted = true;
    ++size_;
    return (*items)[at].value;
  }

  /// Rising keys leave full chunks behind; others fill halves.
  void split(std::size_t index) {
    const bool rising = index + 1 == row_.count();
    const std::size_t size = row_.read(index).size();
    const std::size_t keep = rising ? size - size / 8 - 1 : size / 2;
    row_.insert(index + 1)->append(
      {row_.read(index).data() + keep, size - keep});
    row_.write(index)->truncate(keep);
  }

  /// Puts what is left of a chunk together with its neighbour.
  void join(std::size_t index) {
    if (index + 1 >= row_.count())
      return;
    const auto& next = row_.read(index + 1);
    if (row_.read(index).size() + next.size() > chunk<entry>::capacity / 2)
      return;
    row_.write(index)->append(next);
    row_.erase(index + 1, 1);
  }

  template <class F>
  void erase_in_chunk(std::size_t index, F& f) {
    const auto& old = row_.read(index);
    std::size_t dropped = 0;
    for (const entry& each : old)
      dropped += f(each.key, each.value) ? 1 : 0;
    if (dropped == 0)
      return;
    size_ -= dropped;
    if (dropped == old.size()) {
      row_.erase(index, 1);
      return;
    }
    const arena_scope owning{nullptr};
    column<entry> kept;
    kept.reserve(old.size() - dropped);
    for (const entry& each : old)
      if (!f(each.key, each.value))
        kept.emplace_back(each);
    *row_.write(index) = std::move(kept);
  }

  chunk_row<entry> row_;
  std::size_t size_ = 0;
};

/// A map is one row per map key.
template <class MK, class MV>
struct state_rows<chunk_map<MK, MV>> {
  static constexpr bool one_each = false;
  struct position {
    std::size_t chunk = 0;
    std::size_t entry = 0;
  };

  [[nodiscard]] static std::size_t count(const chunk_map<MK, MV>& value) {
    return value.size();
  }
  static void encode_next(const chunk_map<MK, MV>& value, position& next,
                          byte_writer& out) {
    const auto& items = value.chunk_at(next.chunk);
    codec<MK>::encode(items[next.entry].key, out);
    codec<MV>::encode(items[next.entry].value, out);
    if (++next.entry == items.size())
      next = {next.chunk + 1, 0};
  }
  [[nodiscard]] static bool decode(byte_reader& in, chunk_map<MK, MV>& value,
                                   bool /*fresh*/) {
    const arena_scope owning{nullptr};
    MK key{};
    MV read{};
    if (!codec<MK>::decode(in, key) || !codec<MV>::decode(in, read))
      return false;
    bool inserted = false;
    value.upsert(key, inserted) = std::move(read);
    return inserted;
  }
  [[nodiscard]] static std::string schema() {
    return codec<MK>::schema() + "->" + codec<MV>::schema();
  }
};

} // namespace flow::detail

namespace flow {

template <class MK, class MV>
inline constexpr bool is_trivially_relocatable<detail::chunk_map<MK, MV>> =
  true;

} // namespace flow
