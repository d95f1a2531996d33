#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libflow/core/timestamp.hpp"

namespace flow {

/// What one subtask spent on one checkpoint.
struct subtask_statistics {
  std::chrono::microseconds alignment{0}; ///< first barrier to last
  std::chrono::microseconds sync{0};      ///< in the way of records
  std::chrono::microseconds async{0};     ///< beside them
  std::uint64_t bytes = 0;                ///< of state

  friend bool operator==(const subtask_statistics&,
                         const subtask_statistics&) = default;
};

/// One checkpoint, for people.
struct checkpoint_report {
  enum class outcome : std::uint8_t { pending, completed, failed };

  [[nodiscard]] friend std::string_view to_string(outcome of) noexcept {
    switch (of) {
    case outcome::pending:
      return "pending";
    case outcome::completed:
      return "completed";
    case outcome::failed:
      return "failed";
    }
    return "?";
  }

  std::uint64_t id = 0;
  outcome state = outcome::pending;
  timestamp triggered = 0; ///< wall clock, ms
  std::chrono::microseconds duration{0};
  std::string failure; ///< of a failed one
  /// By task number; none: it was finished, or has not acknowledged.
  std::vector<std::optional<subtask_statistics>> subtasks;

  [[nodiscard]] std::uint64_t bytes() const noexcept {
    std::uint64_t sum = 0;
    for (const auto& each : subtasks)
      sum += each ? each->bytes : 0;
    return sum;
  }
};

/// The last checkpoints of a job, and counts of all. At most `most` are kept.
class checkpoint_history {
public:
  static constexpr std::size_t most = 16;

  checkpoint_report& begin(std::uint64_t id) {
    if (reports_.size() == most)
      reports_.pop_front();
    reports_.emplace_back().id = id;
    return reports_.back();
  }

  /// Null once it has been dropped.
  [[nodiscard]] checkpoint_report* find(std::uint64_t id) {
    for (auto& each : reports_)
      if (each.id == id)
        return &each;
    return nullptr;
  }

  [[nodiscard]] const std::deque<checkpoint_report>& reports() const noexcept {
    return reports_;
  }

  std::uint64_t completed = 0;
  std::uint64_t failed = 0;

private:
  std::deque<checkpoint_report> reports_; // oldest first
};

} // namespace flow
