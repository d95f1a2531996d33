#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <random>
#include <string_view>

namespace flow::sim {

/// What goes wrong in a simulated run.
enum class fault : std::uint8_t {
  subtask_crash,        ///< a subtask dies before its next message
  process_crash,        ///< any other actor dies, and the process with it
  lost_notification,    ///< that a checkpoint completed is never heard of
  late_notification,    ///< it is heard of much later
  doubled_notification, ///< it is heard of twice
  late_report,          ///< what a subtask says arrives after a death
  doubled_report,       ///< it arrives twice
  stale_reports,        ///< what all said arrives again after a restart
  cut_link,             ///< elements of a channel vanish, then the attempt ends
  disk_full,            ///< ENOSPC for a while
  io_error,             ///< one operation fails with EIO
  slow_disk,            ///< one operation takes long
  forgotten_bytes,      ///< a crash loses what was not synced of a file
  forgotten_names,      ///< a crash loses what was not synced of a directory
  rescale,              ///< it is started with another parallelism
  clean_stop,           ///< the job is told to stop, and started again
  lost_answer,          ///< a store commits, and its answer is lost
};

inline constexpr std::array fault_names{
  std::string_view{"subtask_crash"},
  std::string_view{"process_crash"},
  std::string_view{"lost_notification"},
  std::string_view{"late_notification"},
  std::string_view{"doubled_notification"},
  std::string_view{"late_report"},
  std::string_view{"doubled_report"},
  std::string_view{"stale_reports"},
  std::string_view{"cut_link"},
  std::string_view{"disk_full"},
  std::string_view{"io_error"},
  std::string_view{"slow_disk"},
  std::string_view{"forgotten_bytes"},
  std::string_view{"forgotten_names"},
  std::string_view{"rescale"},
  std::string_view{"clean_stop"},
  std::string_view{"lost_answer"},
};
inline constexpr std::size_t fault_kinds = fault_names.size();

[[nodiscard]] constexpr std::string_view to_string(fault kind) noexcept {
  return fault_names[static_cast<std::size_t>(kind)];
}

/// How often each kind struck.
class fault_counts {
public:
  std::uint64_t& operator[](fault kind) {
    return counts_[static_cast<std::size_t>(kind)];
  }
  std::uint64_t operator[](fault kind) const {
    return counts_[static_cast<std::size_t>(kind)];
  }
  [[nodiscard]] std::uint64_t total() const {
    return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0});
  }
  fault_counts& operator+=(const fault_counts& other) {
    for (std::size_t i = 0; i < fault_kinds; ++i)
      counts_[i] += other.counts_[i];
    return *this;
  }

private:
  std::array<std::uint64_t, fault_kinds> counts_{};
};

/// One thing that goes wrong, and at which of the chances that it has, from 0.
struct single_fault {
  fault kind = fault::subtask_crash;
  std::uint64_t chance = 0;
};

/// Decides, by seed, what goes wrong and when. A run draws which kinds it has
/// and how many of each; once they are used up it is left in peace, so that
/// every run comes to an end.
/// Owner: one simulated run.
class fault_plan {
public:
  using random_type = std::mt19937_64;

  explicit fault_plan(std::uint64_t seed) : seed_(seed), random_(seed) {
    for (auto& left : budget_)
      left = random_() % 2 == 0 ? 0 : 1 + random_() % 4;
    // Both extremes of pace: a fault every few chances, or one in thousands.
    pace_ = std::uint64_t{64} << (random_() % 6);
  }

  /// Nothing goes wrong but this.
  fault_plan(std::uint64_t seed, single_fault only)
    : seed_(seed), random_(seed), single_(only) {}

  /// Whether `kind` happens at this chance. `odds`: how many chances of this
  /// kind a run has for each message it takes, roughly, as a divisor.
  bool strikes(fault kind, std::uint64_t odds = 1) {
    if (single_)
      return strikes_alone(kind);
    auto& left = budget_[static_cast<std::size_t>(kind)];
    if (left == 0 || random_() % (pace_ / odds + 1) != 0)
      return false;
    --left;
    note(kind);
    return true;
  }

  /// Whether `kind` may still happen.
  [[nodiscard]] bool may_strike(fault kind) const {
    return single_ ? single_->kind == kind
                   : budget_[static_cast<std::size_t>(kind)] > 0;
  }

  /// Something of this kind happened as a consequence.
  void note(fault kind) { ++counts_[kind]; }

  /// Nothing goes wrong from now on.
  void end() { budget_ = {}; }

  /// How many chances the single fault had so far.
  [[nodiscard]] std::uint64_t chances() const noexcept { return chances_; }

  [[nodiscard]] std::uint64_t seed() const noexcept { return seed_; }
  [[nodiscard]] random_type& random() noexcept { return random_; }
  [[nodiscard]] std::uint64_t below(std::uint64_t bound) {
    return random_() % bound;
  }
  [[nodiscard]] const fault_counts& counts() const noexcept { return counts_; }

private:
  bool strikes_alone(fault kind) {
    if (kind != single_->kind || chances_++ != single_->chance)
      return false;
    note(kind);
    return true;
  }

  std::uint64_t seed_;
  random_type random_;
  std::optional<single_fault> single_;
  std::uint64_t chances_ = 0;
  std::array<std::uint64_t, fault_kinds> budget_{};
  std::uint64_t pace_ = 1;
  fault_counts counts_;
};

} // namespace flow::sim
