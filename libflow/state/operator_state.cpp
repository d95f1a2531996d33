#include "libflow/state/operator_state.hpp"

#include <algorithm>

namespace flow {

namespace {

expected<void> fill(detail::operator_cell& cell,
                    const operator_state_part& part) {
  const auto& wanted = cell.header();
  if (wanted.kind != part.kind || wanted.schema != part.schema)
    return error{error_code::incompatible,
                 "operator state \"" + part.name + "\": the snapshot has "
                   + part.schema + " (kind "
                   + std::to_string(static_cast<int>(part.kind))
                   + "), the job has " + wanted.schema + " (kind "
                   + std::to_string(static_cast<int>(wanted.kind)) + ")",
                 error_severity::fatal};
  for (std::size_t i = 0; i < part.entries.size(); ++i) {
    byte_reader in{part.entries[i]};
    if (!cell.decode(in) || !in.finished())
      return error{error_code::corrupt_data,
                   "operator state \"" + part.name + "\": entry "
                     + std::to_string(i) + " is damaged",
                   error_severity::fatal};
  }
  return {};
}

} // namespace

std::vector<operator_state_part> operator_state_store::snapshot() const {
  std::vector<operator_state_part> result;
  for (const auto& cell : cells_) {
    const auto& header = cell->header();
    result.push_back({header.kind, header.name, header.schema, cell->encode()});
  }
  return result;
}

expected<std::vector<std::string>>
operator_state_store::restore(std::span<const operator_state_part> parts) {
  std::vector<std::string> unknown;
  for (const auto& part : parts) {
    const auto found = std::ranges::find_if(cells_, [&](const auto& cell) {
      return cell->header().name == part.name;
    });
    if (found == cells_.end()) {
      unknown.push_back(part.name);
      continue;
    }
    auto filled = fill(**found, part);
    if (!filled)
      return filled.error();
  }
  return unknown;
}

std::size_t operator_state_store::bytes() const noexcept {
  std::size_t sum = 0;
  for (const auto& cell : cells_)
    sum += cell->bytes();
  return sum;
}

} // namespace flow
