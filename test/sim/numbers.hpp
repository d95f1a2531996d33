#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "libflow/flow.hpp"

namespace flow::sim {

/// What the simulated job reads: numbers from 0 on, of each key.
struct numbered {
  std::int64_t key = 0;
  std::int64_t seq = 0;
};

/// How much, and how fast.
struct numbers_settings {
  std::int64_t keys = 6;
  std::int64_t per_key = 40;
  /// A reader gives at most so many records at once.
  std::int64_t burst = 4;
  /// And then rests for so long.
  std::chrono::milliseconds rest{3};
};

/// Event time of a number: steps of 100 ms, and after each seventh one of
/// 500 ms, which ends a session.
[[nodiscard]] constexpr timestamp time_of(std::int64_t seq) noexcept {
  return seq * 100 + seq / 7 * 400;
}

/// A bounded source that can be replayed. Each reader has its keys, and goes on
/// with the one that is furthest behind: its records are in order of time,
/// whoever read the keys before.
[[nodiscard]] std::shared_ptr<const source<numbered>>
make_numbers(const numbers_settings& settings);

} // namespace flow::sim
