#pragma once

#include <cstdint>

#include "test/sim/second_branch.hpp"

namespace flow::sim {

// Branches that other tests run by themselves, too.

inline constexpr std::int64_t counted_together = 5;

/// The sum of each five numbers of a key, in a count window; its id is the last
/// of them.
[[nodiscard]] data_stream<branch_row>
sum_fives(const data_stream<numbered>& numbers);

/// Each number once, but held back for a while in an operator list; a union
/// list says which keys have come anywhere.
/// @param keys  how many must have come before any checkpoint that is restored;
///              0: any number
[[nodiscard]] data_stream<branch_row>
hold_back(const data_stream<numbered>& numbers, std::int64_t keys = 0);

} // namespace flow::sim
