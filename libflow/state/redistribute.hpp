#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "libflow/core/assert.hpp"
#include "libflow/core/bytes.hpp"
#include "libflow/core/error.hpp"
#include "libflow/state/state_format.hpp"

namespace flow {

/// One operator state of one subtask: its entries, each encoded by itself, so
/// that they can be dealt out without knowing their type.
struct operator_state_part {
  state_format::state_kind kind = state_format::state_kind::list;
  std::string name;
  std::string schema;
  std::vector<std::vector<std::byte>> entries;

  friend bool operator==(const operator_state_part&,
                         const operator_state_part&) = default;
};

/// Deals lists (one per old subtask, in order) out over `parallelism` new
/// ones. At an unchanged parallelism every subtask gets its own; else all
/// entries, in order, are cut into runs whose lengths differ by at most one;
/// the longer runs begin at receiver `first_receiver`, so that several states
/// do not all burden the same subtask.
/// @pre parallelism > 0
template <class T>
[[nodiscard]] std::vector<std::vector<T>>
redistribute(std::vector<std::vector<T>> lists, std::size_t parallelism,
             std::size_t first_receiver = 0) {
  FLOW_ASSERT(parallelism > 0, "entries need a receiver");
  if (lists.size() == parallelism)
    return lists;
  std::vector<T> all;
  for (auto& list : lists)
    for (auto& entry : list)
      all.push_back(std::move(entry));
  std::vector<std::vector<T>> result(parallelism);
  const std::size_t base = all.size() / parallelism;
  const std::size_t longer = all.size() % parallelism;
  auto next = all.begin();
  for (std::size_t i = 0; i < parallelism; ++i) {
    auto& receiver = result[(first_receiver + i) % parallelism];
    for (std::size_t count = base + (i < longer ? 1 : 0); count > 0; --count)
      receiver.push_back(std::move(*next++));
  }
  return result;
}

/// The parts that each new subtask restores, from the parts of every old one:
/// lists dealt out, union lists whole to everyone, broadcast state as old
/// subtask i mod old parallelism had it, or another if that one did not. A
/// state may be missing in some old subtasks. States of one name whose kind or
/// schema differs between old subtasks are incompatible.
/// @pre parallelism > 0
expected<std::vector<std::vector<operator_state_part>>>
redistribute_states(std::span<const std::vector<operator_state_part>> old,
                    std::size_t parallelism);

/// The parts of one subtask as one text of bytes, and back; see FORMAT.md.
void write_operator_state(std::span<const operator_state_part> parts,
                          byte_writer& out);
expected<std::vector<operator_state_part>>
read_operator_state(std::span<const std::byte> bytes);

} // namespace flow
