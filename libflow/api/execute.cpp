#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <iostream>

#include "libflow/api/stream_environment.hpp"
#include "libflow/core/exit_code.hpp"
#include "libflow/time/clock.hpp"

/// What happens between a job's start and its end in the process of its
/// author: progress, signals, the summary.
namespace flow {

namespace {

/// Signals that have arrived since the job began. Written by the handler.
std::atomic<int> stop_signals{0};
std::atomic<bool> explain_requested{false};

extern "C" void on_stop_signal(int number) {
  // The second one ends the process at once, whatever the job is doing.
  if (stop_signals.fetch_add(1) > 0)
    _exit(128 + number);
}

extern "C" void on_explain_signal(int) {
  explain_requested = true;
}

/// Handles SIGINT, SIGTERM and SIGUSR1 while it lives.
class signal_scope {
public:
  signal_scope() {
    stop_signals = 0;
    install(SIGINT, on_stop_signal, former_interrupt_);
    install(SIGTERM, on_stop_signal, former_terminate_);
    install(SIGUSR1, on_explain_signal, former_explain_);
  }
  signal_scope(const signal_scope&) = delete;
  signal_scope& operator=(const signal_scope&) = delete;
  ~signal_scope() {
    sigaction(SIGINT, &former_interrupt_, nullptr);
    sigaction(SIGTERM, &former_terminate_, nullptr);
    sigaction(SIGUSR1, &former_explain_, nullptr);
  }

private:
  static void install(int number, void (*handler)(int),
                      struct sigaction& former) {
    struct sigaction action {};
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, &former);
  }

  struct sigaction former_interrupt_ {};
  struct sigaction former_terminate_ {};
  struct sigaction former_explain_ {};
};

/// Why each subtask waits and who holds its watermark, for SIGUSR1.
void print_status(const job_status_report& report) {
  std::cerr << "job is " << to_string(report.state) << '\n';
  for (const auto& each : report.subtasks) {
    std::cerr << "  " << each.vertex << " [" << each.index << "] "
              << to_string(each.state);
    if (!each.waiting_for.empty())
      std::cerr << ", waits for " << each.waiting_for;
    if (!each.watermark_holder.empty())
      std::cerr << ", watermark held by " << each.watermark_holder;
    std::cerr << '\n';
  }
}

/// Waits for the end; shows progress, passes on signals.
job_result attend(running_job& job) {
  constexpr std::chrono::milliseconds tick{100};
  const system_clock time;
  progress_display display{stderr_progress_target(), time.steady()};
  bool stopping = false;
  for (;;) {
    if (auto result = job.wait(tick)) {
      display.clear();
      return *result;
    }
    if (!stopping && stop_signals > 0) {
      stopping = true;
      display.clear();
      std::cerr << "stopping: sources end, what was read is processed; "
                   "once more ends at once\n";
      job.stop();
    }
    if (explain_requested.exchange(false)) {
      display.clear();
      print_status(job.status());
    }
    if (const auto now = time.steady(); display.due(now))
      display.update(job.progress(), now);
  }
}

/// What led to the end of a failed job, and how to go on.
void report_failures(const job_result& result, const job_options& options) {
  if (result.failures.size() > 1) {
    std::cerr << options.job_name << ": the last failures were\n";
    for (const auto& each : result.failures)
      std::cerr << "  " << each << '\n';
  }
  if (!result.resume_from.empty())
    std::cerr << options.job_name << ": it would go on from "
              << result.resume_from << '\n';
}

int report_end(const job_result& result, const job_options& options,
               const summary_members& members) {
  if (result.outcome == job_outcome::failed)
    std::cerr << options.job_name << ": job failed: "
              << (result.cause ? result.cause->text : "no cause was given")
              << '\n';
  if (result.outcome == job_outcome::failed)
    report_failures(result, options);
  std::cout.flush();
  if (options.summary_json)
    std::cout << to_json(result.summary, members) << std::endl;
  return to_int(exit_code_of(result.outcome));
}

int report_refused(const job_options& options, const error& why) {
  std::cerr << options.job_name << ": " << why.text << '\n';
  return to_int(exit_code_of(why.code));
}

std::optional<graph_format> wanted_explanation(const job_options& options) {
  switch (options.explain) {
  case explain_format::none:
    return std::nullopt;
  case explain_format::text:
    return graph_format::text;
  case explain_format::json:
    return graph_format::json;
  case explain_format::dot:
    return graph_format::dot;
  }
  return std::nullopt;
}

} // namespace

int stream_environment::execute() {
  if (const auto format = wanted_explanation(options_)) {
    auto text = explain(*format);
    if (!text)
      return report_refused(options_, text.error());
    std::cout << *text << std::flush;
    return to_int(exit_code::ok);
  }
  const signal_scope signals;
  auto job = execute_async();
  if (!job)
    return report_refused(options_, job.error());
  return report_end(attend(**job), options_, summary_members_);
}

} // namespace flow
