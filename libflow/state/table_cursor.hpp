#pragma once

#include <emmintrin.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "libflow/state/segment.hpp"

namespace flow {

/// A key of a table and its value; no key: none. Valid as references to the
/// table's values are.
template <class Key, class Value>
struct table_item {
  const Key* key = nullptr;
  Value* value = nullptr;
  explicit operator bool() const noexcept { return key != nullptr; }
};

/// Walks over the entries of a segmented_table in steps, in the order of its
/// for_each(). One that is not of a constant table gives values to be written
/// to: it copies segments that a snapshot holds.
/// Owner: whoever walks; must not outlive the table, of which between the
/// first step and the last nothing else may be changed, nor a snapshot taken
/// when values are written to.
/// @thread that of the table
template <class Table>
class table_cursor {
  static constexpr bool writes = !std::is_const_v<Table>;
  using key_type = typename Table::key_type;
  using value_type = typename Table::value_type;
  using item =
    table_item<key_type,
               std::conditional_t<writes, value_type, const value_type>>;

public:
  explicit table_cursor(Table& table) : table_(&table) {
    if (table.directory_.size() != 0)
      enter();
  }

  /// The next entry; an item without a key at the end and ever after.
  [[nodiscard]] item next() {
    while (used_ == 0) {
      base_ += detail::tag_group;
      if (base_ < slots_) {
        load();
        continue;
      }
      if (index_ >= table_->directory_.size())
        return {};
      index_ = table_->directory_.next_segment(index_);
      if (index_ >= table_->directory_.size())
        return {};
      enter();
    }
    const auto slot =
      base_ + static_cast<std::uint32_t>(std::countr_zero(used_));
    used_ &= used_ - 1;
    return {&entries_[slot].key, &entries_[slot].value};
  }

private:
  void enter() {
    if constexpr (writes) {
      if (table_->snapshot_live())
        table_->unshare(index_);
    }
    const auto one = table_->directory_.segment_at(index_);
    entries_ = one.entries();
    tags_ = one.tags();
    slots_ = one.slots();
    base_ = 0;
    load();
  }
  void load() noexcept {
    used_ = static_cast<std::uint32_t>(
      _mm_movemask_epi8(detail::load_tags(tags_ + base_)));
  }

  Table* table_;
  std::size_t index_ = 0;
  detail::table_entry<key_type, value_type>* entries_ = nullptr;
  const std::uint8_t* tags_ = nullptr;
  std::uint32_t slots_ = 0;
  std::uint32_t base_ = 0;
  std::uint32_t used_ = 0;
};

} // namespace flow
