#include "libflow/api/job_signals.hpp"

#include <semaphore.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <ctime>
#include <ostream>

namespace flow {

namespace {

/// Signals that have arrived since the job began. Written by the handlers.
std::atomic<int> stop_signals{0};
std::atomic<bool> status_requested{false};

/// What wakes the thread that waits. Of what there is to wait for, a handler of
/// signals may post a semaphore only. It stays: a handler may still run.
sem_t& arrivals() noexcept {
  static sem_t semaphore = [] {
    sem_t made;
    sem_init(&made, 0, 0);
    return made;
  }();
  return semaphore;
}

extern "C" void on_stop_signal(int number) {
  // The second one ends the process at once, whatever the job is doing.
  if (stop_signals.fetch_add(1) > 0)
    _exit(128 + number);
  sem_post(&arrivals());
}

extern "C" void on_status_signal(int) {
  status_requested = true;
  sem_post(&arrivals());
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
  wait({}); // made, and empty, before a handler posts
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

void job_signals::wait(std::chrono::nanoseconds at_most) noexcept {
  constexpr std::chrono::nanoseconds second = std::chrono::seconds{1};
  timespec until{};
  clock_gettime(CLOCK_MONOTONIC, &until);
  const auto end = std::chrono::nanoseconds{until.tv_nsec}
                   + std::max(at_most, std::chrono::nanoseconds{0});
  until.tv_sec += end / second;
  until.tv_nsec = (end % second).count();
  // A signal that interrupts it has posted.
  while (sem_clockwait(&arrivals(), CLOCK_MONOTONIC, &until) != 0)
    if (errno != EINTR)
      return;
  while (sem_trywait(&arrivals()) == 0) {
  }
}

void job_signals::wake() noexcept {
  sem_post(&arrivals());
}

namespace {

std::string milliseconds(std::chrono::microseconds time) {
  return std::to_string(time.count() / 1000) + "."
         + std::to_string(time.count() / 100 % 10) + " ms";
}

/// What one checkpoint cost each subtask.
void print_checkpoint(std::ostream& out, const checkpoint_report& what,
                      const std::vector<subtask_report>& subtasks) {
  out << "  checkpoint " << what.id << ' ' << to_string(what.state);
  if (what.state != checkpoint_report::outcome::pending)
    out << " after " << milliseconds(what.duration);
  out << ", " << what.bytes() << " bytes";
  out << (what.failure.empty() ? "" : ": ") << what.failure << '\n';
  for (std::size_t i = 0; i < what.subtasks.size(); ++i) {
    const auto& spent = what.subtasks[i];
    if (!spent || i >= subtasks.size())
      continue;
    out << "    " << subtasks[i].vertex << " [" << subtasks[i].index
        << "] alignment " << milliseconds(spent->alignment) << ", sync "
        << milliseconds(spent->sync) << ", async " << milliseconds(spent->async)
        << ", " << spent->bytes << " bytes\n";
  }
}

} // namespace

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
  const auto& checkpoints = report.checkpoints.reports();
  if (checkpoints.empty())
    return;
  constexpr std::ptrdiff_t shown = 3;
  out << "checkpoints: " << report.checkpoints.completed << " completed, "
      << report.checkpoints.failed << " failed\n";
  const auto count = static_cast<std::ptrdiff_t>(checkpoints.size());
  for (auto at = checkpoints.end() - std::min(shown, count);
       at != checkpoints.end(); ++at)
    print_checkpoint(out, *at, report.subtasks);
}

} // namespace flow
