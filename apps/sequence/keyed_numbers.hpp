#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "libflow/flow.hpp"

namespace sequence {

/// The seq-th record of a key.
struct numbered {
  std::int64_t key = 0;
  std::int64_t seq = 0;
};

/// For every key 0..keys-1 the numbers 0..per_key-1, in order for each key.
///
/// The keys are cut into at most 128 ranges; each range is read by one subtask
/// from its first number to its last. A position is a range and how many of
/// its records were read, so positions survive a change of parallelism.
class keyed_numbers final : public flow::source<numbered> {
public:
  /// @pre both are at least 0 and their product fits 63 bits
  keyed_numbers(std::int64_t keys, std::int64_t per_key)
    : keys_(keys), per_key_(per_key) {}

  [[nodiscard]] std::string kind() const override { return "keyed numbers"; }
  [[nodiscard]] bool bounded() const override { return true; }
  [[nodiscard]] flow::replay_guarantee replay() const override {
    return flow::replay_guarantee::replayable;
  }
  [[nodiscard]] std::unique_ptr<flow::source_reader<numbered>>
  make_reader() const override;

private:
  std::int64_t keys_;
  std::int64_t per_key_;
};

} // namespace sequence
