#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "libflow/checkpoint/checkpoint_coordinator.hpp"
#include "libflow/core/checkpoint_options.hpp"
#include "test/sim/fault_plan.hpp"

namespace flow::sim {

/// Checkpoints get done where nothing hinders them: in an attempt in which
/// nothing has gone wrong one that was triggered completes, and is followed by
/// another in time, whoever has come to its end meanwhile.
///
/// Only time that passes while nobody has anything to do counts, so that a slow
/// machine is no excuse and no problem.
/// Owner: one simulated run.
class checkpoint_liveness {
public:
  checkpoint_liveness(const fault_plan& plan,
                      std::vector<std::string>& problems)
    : plan_(plan), problems_(problems) {}

  /// @param asks_others  records wait for answers from outside, and a
  /// checkpoint behind them for as long
  void expect(const checkpoint_options& options, bool asks_others);

  /// All subtasks run.
  /// @param undisturbed  nothing that went wrong before has its effect now
  void attempt_runs(bool undisturbed);
  void attempt_ends();

  void triggered(std::uint64_t id);
  void declined(std::uint64_t id);
  void completed(std::uint64_t id);
  void given_up(std::uint64_t id, checkpoint_failure why);

  /// Time passes while nobody has anything to do, and nothing is under way.
  void rests(std::chrono::milliseconds time);

  /// How many have completed of which that was expected.
  [[nodiscard]] std::uint64_t undisturbed() const noexcept {
    return undisturbed_;
  }

private:
  using milliseconds = std::chrono::milliseconds;

  struct pending {
    milliseconds rested{0};
    bool declined = false;
  };

  [[nodiscard]] bool nothing_went_wrong() const;
  void problem(std::uint64_t id, const std::string& what);

  const fault_plan& plan_;
  std::vector<std::string>& problems_;
  milliseconds interval_{0};
  milliseconds timeout_{0};
  bool asks_others_ = false;

  bool running_ = false;
  bool undisturbed_attempt_ = false;
  std::uint64_t faults_before_ = 0; // the attempt ran
  std::map<std::uint64_t, pending> pending_;
  milliseconds rested_{0}; // since one was triggered, while none is pending
  std::uint64_t undisturbed_ = 0;
};

} // namespace flow::sim
