#pragma once

#include <algorithm>
#include <cstddef>

#include "libflow/state/chunk_list.hpp"
#include "libflow/state/chunk_map.hpp"
#include "libflow/state/segmented_table.hpp"
#include "libflow/state/state_ttl.hpp"

namespace flow::detail {

/// Chunks of one list or map that one step of a clean-up looks at, so that a
/// key with many elements holds nobody up.
inline constexpr std::size_t chunks_per_sweep = 8;

/// How what lies in a table under one key expires. Here: not in parts.
template <class V>
struct expiry {
  static constexpr bool in_parts = false;
};

/// Of lists and maps whose parts have a time each.
template <class V>
struct expiry_in_parts {
  static constexpr bool in_parts = true;

  static void drop(V& from, const ttl_policy& ttl, timestamp now,
                   std::size_t first, std::size_t last) {
    from.erase_if(
      [&](const auto&... part) {
        return ttl.expired(timed_of(part...).written, now);
      },
      first, last);
  }
  [[nodiscard]] static bool any(const V& in, const ttl_policy& ttl,
                                timestamp now, std::size_t first,
                                std::size_t last) {
    for (std::size_t i = first; i < last; ++i)
      if (std::ranges::any_of(in.chunk_at(i), [&](const auto& each) {
            return ttl.expired(written(each), now);
          }))
        return true;
    return false;
  }

private:
  template <class Item>
  [[nodiscard]] static timestamp written(const Item& item) noexcept {
    if constexpr (requires { item.key; })
      return item.value.written;
    else
      return item.written;
  }
};

template <class E>
struct expiry<chunk_list<timed<E>>> : expiry_in_parts<chunk_list<timed<E>>> {};

template <class MK, class MV>
struct expiry<chunk_map<MK, timed<MV>>>
  : expiry_in_parts<chunk_map<MK, timed<MV>>> {};

/// Cleans a table up in steps: a segment a step, of long lists and maps some
/// chunks.
/// Owner: a state with a time to live. Cost of a step: some microseconds.
class expiry_sweep {
public:
  explicit expiry_sweep(std::uint64_t first_hash) : at_(first_hash) {}

  /// Entries that have one time as a whole.
  template <class Table>
  void step_whole(Table& table, const ttl_policy& ttl) {
    const timestamp now = ttl.now();
    at_ = table.sweep_segment(
      at_,
      [&](const auto& entry) {
        return ttl.expired(entry.written, now) ? sweep::erase : sweep::keep;
      },
      [](auto&) { return true; });
  }

  /// Entries whose parts have a time each.
  /// @param held  counts what they hold in chunks
  template <class Table>
  void step_parts(Table& table, const ttl_policy& ttl, std::size_t& held) {
    using value = typename Table::value_type;
    using how = expiry<value>;
    const timestamp now = ttl.now();
    ++round_;
    at_ = table.sweep_segment(
      at_,
      [&](const value& entry) {
        const auto [first, last] = range_of(entry.chunks());
        return how::any(entry, ttl, now, first, last) ? sweep::change
                                                      : sweep::keep;
      },
      [&](value& entry) {
        const auto [first, last] = range_of(entry.chunks());
        const std::size_t before = entry.bytes();
        how::drop(entry, ttl, now, first, last);
        held += entry.bytes() - before;
        return !entry.empty();
      });
  }

private:
  /// The chunks whose turn it is.
  [[nodiscard]] std::pair<std::size_t, std::size_t>
  range_of(std::size_t chunks) const noexcept {
    if (chunks <= chunks_per_sweep)
      return {0, chunks};
    const std::size_t parts =
      (chunks + chunks_per_sweep - 1) / chunks_per_sweep;
    const std::size_t first = round_ % parts * chunks_per_sweep;
    return {first, std::min(first + chunks_per_sweep, chunks)};
  }

  std::uint64_t at_;
  std::size_t round_ = 0;
};

} // namespace flow::detail
