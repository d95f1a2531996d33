#pragma once

#include <chrono>
#include <csignal>
#include <iosfwd>

#include "libflow/job/job_client.hpp"

namespace flow {

/// Takes SIGINT, SIGTERM and SIGUSR1 while it lives, for whoever waits for a
/// job: the first request to stop is noted, a second one ends the process at
/// once with 128 + its number. `stream_environment::execute` has one; programs
/// that run a job in their own actor system make theirs. One at a time.
/// @thread the one that waits
class job_signals {
public:
  job_signals();
  job_signals(const job_signals&) = delete;
  job_signals& operator=(const job_signals&) = delete;
  ~job_signals();

  /// SIGINT or SIGTERM has arrived: stop the job.
  [[nodiscard]] bool stop_requested() const noexcept;

  /// SIGUSR1 has arrived since the last call: tell why each subtask waits.
  [[nodiscard]] bool take_status_request() noexcept;

  /// Blocks until a signal arrives or wake() is called, at most for `at_most`.
  /// Returns at once for what came since the last call.
  void wait(std::chrono::nanoseconds at_most) noexcept;

  /// @thread any
  void wake() noexcept;

private:
  struct sigaction former_interrupt_ {};
  struct sigaction former_terminate_ {};
  struct sigaction former_explain_ {};
};

/// Why each subtask waits and who holds its watermark, a line each.
void print_status(std::ostream& out, const job_status_report& report);

/// What the user reads after the first signal.
inline constexpr const char* stopping_text =
  "stopping: sources end, what was read is processed; once more ends at once\n";

} // namespace flow
