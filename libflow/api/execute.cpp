#include <cstdio>
#include <iostream>
#include <sstream>

#include "libflow/api/job_signals.hpp"
#include "libflow/api/stream_environment.hpp"
#include "libflow/core/exit_code.hpp"
#include "libflow/time/clock.hpp"

/// What happens between a job's start and its end in the process of its
/// author: progress, signals, the summary. Apart from how a job is described:
/// programs that only do that, tests of operators among them, need no runtime.
namespace flow {

namespace {

/// To stderr past std::cerr, which flushes stdout first: a print sink that its
/// reader holds up would hold up this as well.
void say(const std::string& text) {
  std::fputs(text.c_str(), stderr);
}

/// Waits for the end; shows progress, passes on signals.
job_result attend(running_job& job, job_signals& signals) {
  const system_clock time;
  progress_display display{stderr_progress_target(), time.steady()};
  bool stopping = false;
  job.on_end([&] { signals.wake(); });
  for (;;) {
    signals.wait(display.next_update() - time.steady());
    if (auto result = job.wait(std::chrono::milliseconds{0})) {
      display.clear();
      return *result;
    }
    if (!stopping && signals.stop_requested()) {
      stopping = true;
      job.stop();
      display.clear();
      say(stopping_text);
    }
    if (signals.take_status_request()) {
      std::ostringstream status;
      print_status(status, job.status());
      display.clear();
      say(status.str());
    }
    if (const auto now = time.steady(); display.due(now))
      display.update(job.progress(), now);
  }
}

/// Whether data of our own cannot be read, a checkpoint first of all.
bool is_damaged(const job_result& result) {
  return result.outcome == job_outcome::failed && result.cause
         && result.cause->code == error_code::corrupt_data
         && result.cause->severity == error_severity::fatal;
}

/// What led to the end of a failed job, and how to go on.
void report_failures(const job_result& result, const job_options& options) {
  if (result.failures.size() > 1) {
    std::cerr << options.job_name << ": the last failures were\n";
    for (const auto& each : result.failures)
      std::cerr << "  " << each << '\n';
  }
  if (result.resume_from.empty())
    return;
  std::cerr << options.job_name << ": it would go on from "
            << result.resume_from;
  if (is_damaged(result))
    std::cerr << "; if that is damaged, name an older one: --restore PATH";
  std::cerr << '\n';
}

exit_code exit_code_of(const job_result& result) {
  return is_damaged(result) ? exit_code::damaged : exit_code_of(result.outcome);
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
  if (options.summary_json && !in_worker_process())
    std::cout << to_json(result.summary, members) << std::endl;
  return to_int(exit_code_of(result));
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

expected<std::unique_ptr<running_job>> stream_environment::execute_async() {
  auto built = build();
  if (!built)
    return built.error();
  return start_job(std::move(*built), identified_options());
}

int stream_environment::execute() {
  if (const auto format = wanted_explanation(options_)) {
    auto text = explain(*format);
    if (!text)
      return report_refused(options_, text.error());
    std::cout << *text << std::flush;
    return to_int(exit_code::ok);
  }
  job_signals signals;
  auto job = execute_async();
  if (!job)
    return report_refused(options_, job.error());
  return report_end(attend(**job, signals), options_, summary_members_);
}

} // namespace flow
