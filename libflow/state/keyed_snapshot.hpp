#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libflow/core/bytes.hpp"
#include "libflow/core/codec.hpp"
#include "libflow/state/entry_walk.hpp"
#include "libflow/state/state_format.hpp"
#include "libflow/state/state_rows.hpp"
#include "libflow/state/state_scope.hpp"

namespace flow {

namespace detail {

/// One state of a snapshot, its types erased.
class keyed_snapshot_part {
public:
  explicit keyed_snapshot_part(state_header header)
    : header_(std::move(header)) {}
  virtual ~keyed_snapshot_part() = default;

  [[nodiscard]] const state_header& header() const noexcept { return header_; }
  [[nodiscard]] virtual std::size_t size() const noexcept = 0;

  /// Writes the next block of entries and returns its rows; 0, and nothing
  /// written, once all are.
  virtual std::uint32_t write_entries(byte_writer& out) = 0;

private:
  state_header header_;
};

/// Entries of a table, group after group; each is one row or several.
template <class K, class N, class V>
class table_snapshot_part final : public keyed_snapshot_part {
  using walk = entry_walk<K, N, V>;

public:
  table_snapshot_part(state_header header,
                      table_snapshot<typename walk::table_key, V> entries,
                      std::uint32_t max_parallelism)
    : keyed_snapshot_part(std::move(header)),
      entries_(std::move(entries), max_parallelism) {}

  [[nodiscard]] std::size_t size() const noexcept override {
    return entries_.size();
  }

  std::uint32_t write_entries(byte_writer& out) override {
    const entry_ref* entry = next_with_rows();
    if (entry == nullptr)
      return 0;
    const std::uint32_t group = entry->group;
    block_writer block{out, state_format::block_kind::entries};
    out.write_int(group);
    out.write_int(std::uint32_t{0});
    std::uint32_t count = 0;
    if constexpr (state_rows<V>::one_each)
      count = write_values(group, block, out);
    else
      count = write_rows(group, block, out);
    out.patch_u32(block.body_offset() + sizeof group, count);
    block.seal();
    return count;
  }

private:
  [[nodiscard]] static bool is_full(const block_writer& block) noexcept {
    return block.body_bytes() >= state_format::target_block_bytes;
  }

  /// Of the rows that follow those of one group, as far as the block goes.
  std::uint32_t write_rows(std::uint32_t group, const block_writer& block,
                           byte_writer& out) {
    std::uint32_t count = 0;
    for (const entry_ref* entry = next_with_rows();
         entry != nullptr && entry->group == group && !is_full(block);
         entry = next_with_rows(), ++count) {
      scoping<K, N>::encode(walk::key_of(*entry), out);
      state_rows<V>::encode_next(walk::value_of(*entry), position_, out);
      ++row_;
    }
    return count;
  }

  /// The same where an entry is a row: segment after segment.
  std::uint32_t write_values(std::uint32_t group, const block_writer& block,
                             byte_writer& out) {
    std::uint32_t count = 0;
    for (;;) {
      const auto entries = entries_.rest_of_segment();
      std::size_t written = 0;
      for (; written < entries.size() && entries[written].group == group
             && !is_full(block);
           ++written) {
        scoping<K, N>::encode(walk::key_of(entries[written]), out);
        state_rows<V>::encode_next(walk::value_of(entries[written]), position_,
                                   out);
      }
      entries_.advance(written);
      count += static_cast<std::uint32_t>(written);
      if (entries.empty() || written < entries.size())
        return count;
    }
  }

  /// The entry whose row is next; nullptr when all are written.
  const entry_ref* next_with_rows() {
    for (;;) {
      const entry_ref* entry = entries_.current();
      if (entry == nullptr
          || row_ < state_rows<V>::count(walk::value_of(*entry)))
        return entry;
      entries_.advance();
      row_ = 0;
      position_ = {};
    }
  }

  walk entries_;
  std::size_t row_ = 0; ///< of the entry at hand
  [[no_unique_address]] typename state_rows<V>::position position_{};
};

} // namespace detail

/// All keyed state of one operator at one moment: references, no copy.
/// Owner: whoever took it; may outlive the store. Can be written once.
/// @thread one at a time, any; the store's thread may go on meanwhile
class keyed_state_snapshot {
public:
  keyed_state_snapshot(
    detail::keyed_header header,
    std::vector<std::unique_ptr<detail::keyed_snapshot_part>> parts)
    : header_(std::move(header)), parts_(std::move(parts)) {}

  /// Entries of all states.
  [[nodiscard]] std::size_t size() const noexcept;

  /// Writes the next block, about 64 KiB (an entry is never cut); false once
  /// all are written. So a writer can work in steps and hand bytes on.
  bool write_some(byte_writer& out);

private:
  detail::keyed_header header_;
  std::vector<std::unique_ptr<detail::keyed_snapshot_part>> parts_;
  bool header_written_ = false;
  bool end_written_ = false;
  bool part_opened_ = false;
  std::size_t part_ = 0;
  std::uint64_t rows_ = 0; ///< written
};

/// Writes all of a snapshot: per state, in the order of registration, its key
/// groups in ascending order.
void write_keyed_state(keyed_state_snapshot& snapshot, byte_writer& out);

} // namespace flow
