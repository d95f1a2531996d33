#pragma once

#include <functional>
#include <optional>

#include "libflow/connectors/files/split_planner.hpp"
#include "libflow/functions/source.hpp"

namespace flow {

/// Hands the pieces of one file to its readers, in file order.
/// Owner: the source's coordinator actor.
/// @thread its owner's; `open` blocks on the file
class file_coordinator final : public split_coordinator {
public:
  /// Finds the range of the file to be read; called once, by open().
  using find_range = std::function<expected<file_split>()>;

  explicit file_coordinator(find_range find) : find_(std::move(find)) {}

  expected<void> open(std::uint32_t parallelism) override;
  expected<std::optional<byte_string>> next(std::uint32_t subtask) override;
  void give_back(std::vector<byte_string> splits) override;
  [[nodiscard]] byte_string snapshot() const override;
  expected<void> restore(std::span<const std::byte> bytes) override;

private:
  find_range find_;
  std::optional<split_planner> planner_;
};

} // namespace flow
