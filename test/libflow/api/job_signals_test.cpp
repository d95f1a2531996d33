#include "libflow/api/job_signals.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <csignal>
#include <thread>

using namespace flow;
using namespace std::chrono_literals;

namespace {

/// Whether wait() came back before its time.
bool wakes(job_signals& signals, std::chrono::nanoseconds at_most) {
  const auto began = std::chrono::steady_clock::now();
  signals.wait(at_most);
  return std::chrono::steady_clock::now() - began < at_most;
}

} // namespace

TEST_CASE("a signal ends the wait at once, before it or during it") {
  job_signals signals;
  std::raise(SIGUSR1);
  CHECK(wakes(signals, 60s));
  CHECK(signals.take_status_request());
  CHECK_FALSE(signals.take_status_request());
  CHECK_FALSE(signals.stop_requested());

  const std::jthread sender{
    [to = pthread_self()] { pthread_kill(to, SIGINT); }};
  CHECK(wakes(signals, 60s));
  CHECK(signals.stop_requested());
}

TEST_CASE("wake ends the wait, and several count once") {
  job_signals signals;
  signals.wake();
  signals.wake();
  CHECK(wakes(signals, 60s));
  CHECK_FALSE(wakes(signals, 1ms));
  CHECK_FALSE(wakes(signals, 0ns));
  CHECK_FALSE(wakes(signals, -1s));

  const std::jthread other{[&] { signals.wake(); }};
  CHECK(wakes(signals, 60s));
}

TEST_CASE("what came for one job is not the next one's") {
  {
    job_signals signals;
    signals.wake();
    std::raise(SIGTERM);
    CHECK(signals.stop_requested());
  }
  job_signals signals;
  CHECK_FALSE(signals.stop_requested());
  CHECK_FALSE(wakes(signals, 1ms));
}
