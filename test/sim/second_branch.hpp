#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "libflow/core/executor.hpp"
#include "libflow/flow.hpp"
#include "test/sim/numbers.hpp"

namespace flow::sim {

/// What the second branch of the simulated job does with the numbers.
enum class branch : std::uint8_t {
  tumbling,        ///< counts per window
  sessions,        ///< counts per session
  interval_join,   ///< pairs that are close in time
  timers,          ///< counts per half second, by timers; state with TTL
  waiting_rules,   ///< looks up in a broadcast map, once that is complete
  growing_rules,   ///< keyed, beside a broadcast map that grows meanwhile
  async_ordered,   ///< asks somebody who answers in any order
  async_unordered, ///< the same, answers as they come
  count_windows,   ///< sums of each five numbers, by a count trigger
  operator_lists,  ///< held back in an operator list, beside a union list
};

inline constexpr std::array branch_names{
  std::string_view{"tumbling"},      std::string_view{"sessions"},
  std::string_view{"interval_join"}, std::string_view{"timers"},
  std::string_view{"waiting_rules"}, std::string_view{"growing_rules"},
  std::string_view{"async_ordered"}, std::string_view{"async_unordered"},
  std::string_view{"count_windows"}, std::string_view{"operator_lists"},
};
inline constexpr std::size_t branches = branch_names.size();

/// A row that the branch writes.
struct branch_row {
  std::int64_t key = 0;
  std::int64_t id = 0; ///< which of the key's rows
  std::int64_t value = 0;
};

struct branch_settings {
  branch what = branch::tumbling;
  numbers_settings numbers;
  bool at_least_once = false;
};

/// @param answerer  does the work of the asynchronous branches
[[nodiscard]] data_stream<branch_row>
add_branch(const branch_settings& settings, stream_environment& env,
           const data_stream<numbered>& numbers,
           std::shared_ptr<executor> answerer);

/// What the branch has to write, whatever happens meanwhile.
struct expected_rows {
  struct value {
    std::optional<std::int64_t> exact; ///< none: any
    bool certain = true;               ///< else it may be missing
  };
  std::map<std::pair<std::int64_t, std::int64_t>, value> rows; ///< (key, id)
  /// Whether the rows of a key come in the order of their ids.
  bool in_order = false;
  /// Whether values never fall from one row of a key to the next.
  bool rising = false;
};
[[nodiscard]] expected_rows rows_of(const branch_settings& settings);

} // namespace flow::sim
