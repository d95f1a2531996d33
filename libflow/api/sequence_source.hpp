#pragma once

#include <memory>
#include <vector>

#include "libflow/functions/source.hpp"

namespace flow {

/// The numbers first..last. Subtask i of p reads the i-th of p contiguous
/// ranges, rising. Replayable: a position is the rest of a range, so that
/// ranges survive a change of parallelism.
class sequence_source final : public source<std::int64_t> {
public:
  /// Empty when first > last.
  sequence_source(std::int64_t first, std::int64_t last)
    : first_(first), last_(last) {}

  [[nodiscard]] std::string kind() const override { return "sequence"; }
  [[nodiscard]] bool bounded() const override { return true; }
  [[nodiscard]] replay_guarantee replay() const override {
    return replay_guarantee::replayable;
  }
  [[nodiscard]] std::unique_ptr<source_reader<std::int64_t>>
  make_reader() const override;

private:
  std::int64_t first_;
  std::int64_t last_;
};

} // namespace flow
