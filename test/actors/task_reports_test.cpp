/// What a worker says of a task is believed only where it can be true.

#include "actors/remote_worker/task_reports.hpp"

#include <array>

#include <doctest/doctest.h>

using namespace flow;

namespace {

/// A task that runs, as far as anybody knows.
task_reports running() {
  task_reports it;
  REQUIRE(it.deployed());
  REQUIRE(it.connected());
  REQUIRE(it.changed(task_state::running));
  return it;
}

} // namespace

TEST_CASE("a task is deployed, connected and running in this order, once") {
  task_reports it;
  CHECK_FALSE(it.connected());
  CHECK_FALSE(it.changed(task_state::running));
  CHECK(it.deployed());
  CHECK_FALSE(it.deployed());
  CHECK_FALSE(it.changed(task_state::running));
  CHECK(it.connected());
  CHECK_FALSE(it.connected());
  CHECK_FALSE(it.deployed());
  CHECK(it.changed(task_state::running));
  CHECK_FALSE(it.changed(task_state::running));
  CHECK_FALSE(it.connected());
  CHECK_FALSE(it.deployed());
}

TEST_CASE("only a task that runs can finish") {
  task_reports it;
  CHECK_FALSE(it.changed(task_state::finished));
  REQUIRE(it.deployed());
  CHECK_FALSE(it.changed(task_state::finished));
  REQUIRE(it.connected());
  CHECK_FALSE(it.changed(task_state::finished));
  REQUIRE(it.changed(task_state::running));
  CHECK(it.changed(task_state::finished));
}

TEST_CASE("a task may fail at any time") {
  CHECK(task_reports{}.changed(task_state::failed));
  CHECK(running().changed(task_state::failed));
  task_reports it;
  REQUIRE(it.deployed());
  CHECK(it.changed(task_state::failed));
}

TEST_CASE("a task is cancelled when it was told to, however far it was") {
  auto it = running();
  CHECK_FALSE(it.changed(task_state::cancelled));
  it.told_to_cancel();
  CHECK(it.changed(task_state::cancelled));
  task_reports young;
  young.told_to_cancel();
  CHECK(young.changed(task_state::cancelled));
}

TEST_CASE("a task that was told to cancel may end otherwise first") {
  auto it = running();
  it.told_to_cancel();
  CHECK(it.changed(task_state::finished));
  CHECK(it.changed(task_state::failed));
}

TEST_CASE("what only the job says of a task a worker cannot") {
  constexpr std::array own = {task_state::created, task_state::scheduled,
                              task_state::deploying, task_state::initializing,
                              task_state::cancelling};
  for (const auto state : own) {
    auto it = running();
    it.told_to_cancel();
    CHECK_FALSE(it.changed(state));
    CHECK_FALSE(task_reports{}.changed(state));
  }
}
