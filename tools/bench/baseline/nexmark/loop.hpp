#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "apps/nexmark/counting_sink.hpp"
#include "apps/nexmark/generated_events.hpp"
#include "libflow/state/segmented_table.hpp"
#include "tools/bench/tape.hpp"

// What the queries of Nexmark are measured against: one loop in one thread,
// the engine's tables and row hash, no exchange. Each copies every event out
// of the input with its texts, as the engine's source must.

namespace flow::bench::nexmark_loops {

using ::nexmark::auction;
using ::nexmark::bid;
using ::nexmark::change;
using ::nexmark::event;
using ::nexmark::person;

/// Where rows go.
class row_sink {
public:
  template <class Row>
  void add(const Row& row) {
    ::nexmark::add_row(row, total_);
  }
  template <class Row>
  void add(change op, const Row& row) {
    ::nexmark::table_checksum one;
    ::nexmark::add_row(row, one);
    total_.sum += adds(op) ? one.sum : 0 - one.sum;
  }
  /// Counts nothing but the table: changelogs may have other steps.
  [[nodiscard]] checksum result() const { return {0, total_.sum}; }

private:
  ::nexmark::table_checksum total_;
};

/// The engine's table for one thread.
template <class K, class V>
class table {
public:
  V& at(const K& key) {
    bool inserted = false;
    return table_.upsert(key_hash(key), key, inserted);
  }

private:
  static constexpr std::uint32_t groups = 128;

  segmented_table<K, V> table_{std::make_shared<segment_pool>(),
                               hashes_of({0, groups - 1}, groups)};
};

/// Runs a query: `add(event)` for each, `finish()` at the end.
template <class Query>
checksum run(const ::nexmark::prepared_events& events) {
  constexpr std::size_t piece = 256;
  Query query;
  auto batch = record_batch<event>::make();
  for (const auto& block : events)
    for (std::size_t at = 0; at < block->size(); at += piece) {
      batch->clear();
      batch->append_range(*block, at, std::min(at + piece, block->size()));
      for (const event& each : std::as_const(*batch).values())
        query.add(each);
    }
  if constexpr (requires { query.finish(); })
    query.finish();
  return query.rows.result();
}

} // namespace flow::bench::nexmark_loops
