#pragma once

#include <caf/message.hpp>

#include <cstdint>
#include <deque>
#include <utility>

namespace flow::sim {

/// What subtasks have reported in an attempt, for a network that brings all of
/// it a second time once the next attempt has begun.
/// Owner: one simulated run.
class report_journal {
public:
  using reports = std::deque<caf::message>;

  /// A report of `attempt` arrives.
  /// @return those of the attempt before, when they are to come again now
  reports arrives(std::uint32_t attempt) {
    if (attempt <= attempt_)
      return {};
    attempt_ = attempt;
    auto before = std::exchange(reports_, {});
    return std::exchange(repeat_, false) ? std::move(before) : reports{};
  }

  /// Keeps a report that has just arrived; of many the newest.
  void keep(std::uint32_t attempt, caf::message report) {
    if (attempt != attempt_)
      return;
    reports_.push_back(std::move(report));
    if (reports_.size() > most_kept)
      reports_.pop_front();
  }

  /// What was said in this attempt will come again in the next.
  void repeat() noexcept { repeat_ = true; }
  [[nodiscard]] bool repeats() const noexcept { return repeat_; }

private:
  static constexpr std::size_t most_kept = 400;

  std::uint32_t attempt_ = 0;
  reports reports_;
  bool repeat_ = false;
};

} // namespace flow::sim
