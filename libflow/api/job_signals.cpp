#include "libflow/api/job_signals.hpp"

#include <unistd.h>

#include <atomic>
#include <ostream>

namespace flow {

namespace {

/// Signals that have arrived since the job began. Written by the handlers.
std::atomic<int> stop_signals{0};
std::atomic<bool> status_requested{false};

extern "C" void on_stop_signal(int number) {
  // The second one ends the process at once, whatever the job is doing.
  if (stop_signals.fetch_add(1) > 0)
    _exit(128 + number);
}

extern "C" void on_status_signal(int) {
  status_requested = true;
}

void install(int number, void (*handler)(int), struct sigaction& former) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(number, &action, &former);
}

} // namespace

job_signals::job_signals() {
  stop_signals = 0;
  install(SIGINT, on_stop_signal, former_interrupt_);
  install(SIGTERM, on_stop_signal, former_terminate_);
  install(SIGUSR1, on_status_signal, former_explain_);
}

job_signals::~job_signals() {
  sigaction(SIGINT, &former_interrupt_, nullptr);
  sigaction(SIGTERM, &former_terminate_, nullptr);
  sigaction(SIGUSR1, &former_explain_, nullptr);
}

bool job_signals::stop_requested() const noexcept {
  return stop_signals > 0;
}

bool job_signals::take_status_request() noexcept {
  return status_requested.exchange(false);
}

void print_status(std::ostream& out, const job_status_report& report) {
  out << "job is " << to_string(report.state) << '\n';
  for (const auto& each : report.subtasks) {
    out << "  " << each.vertex << " [" << each.index << "] "
        << to_string(each.state);
    if (!each.waiting_for.empty())
      out << ", waits for " << each.waiting_for;
    if (!each.watermark_holder.empty())
      out << ", watermark held by " << each.watermark_holder;
    out << '\n';
  }
}

} // namespace flow
