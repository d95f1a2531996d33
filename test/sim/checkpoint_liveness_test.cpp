#include "test/sim/checkpoint_liveness.hpp"

#include <doctest/doctest.h>

using namespace flow;
using namespace flow::sim;

namespace {

using std::chrono::milliseconds;

/// An attempt with checkpoints every 20 ms that may take 100 ms.
struct watched_attempt {
  explicit watched_attempt(bool asks_others = false) {
    checkpoint_options options;
    options.interval = duration_ms{20};
    options.timeout = duration_ms{100};
    liveness.expect(options, asks_others);
    liveness.attempt_runs(true);
  }

  fault_plan plan{1};
  std::vector<std::string> problems;
  checkpoint_liveness liveness{plan, problems};
};

} // namespace

TEST_CASE("checkpoints that complete in time are no problem") {
  watched_attempt of;
  for (std::uint64_t id = 1; id <= 3; ++id) {
    of.liveness.rests(milliseconds{20});
    of.liveness.triggered(id);
    of.liveness.rests(milliseconds{10});
    of.liveness.completed(id);
  }
  CHECK(of.problems.empty());
  CHECK(of.liveness.undisturbed() == 3);
}

TEST_CASE("one that expires while nobody has anything to do is a problem") {
  watched_attempt of;
  of.liveness.triggered(1);
  of.liveness.rests(milliseconds{10}); // the rest was work
  of.liveness.given_up(1, checkpoint_failure::expired);
  CHECK(of.problems.empty());
  of.liveness.triggered(2);
  of.liveness.rests(milliseconds{98});
  of.liveness.given_up(2, checkpoint_failure::expired);
  CHECK(of.problems.size() == 1);

  watched_attempt asking{true};
  asking.liveness.triggered(1);
  asking.liveness.rests(milliseconds{98});
  asking.liveness.given_up(1, checkpoint_failure::expired);
  CHECK(asking.problems.empty());
}

TEST_CASE("one that neither completes nor expires is a problem, once") {
  watched_attempt of;
  of.liveness.triggered(1);
  for (int i = 0; i < 10; ++i)
    of.liveness.rests(milliseconds{20});
  CHECK(of.problems.size() == 1);
}

TEST_CASE("one that a subtask declines is a problem; one given up is none") {
  watched_attempt of;
  of.liveness.triggered(1);
  of.liveness.given_up(1, checkpoint_failure::cancelled);
  CHECK(of.problems.empty());
  of.liveness.triggered(2);
  of.liveness.declined(2);
  of.liveness.given_up(2, checkpoint_failure::cancelled);
  of.liveness.triggered(3);
  of.liveness.given_up(3, checkpoint_failure::not_stored);
  CHECK(of.problems.size() == 2);
}

TEST_CASE("a job that takes no checkpoints any more is a problem, once") {
  watched_attempt of;
  for (int i = 0; i < 10; ++i)
    of.liveness.rests(milliseconds{20});
  CHECK(of.problems.size() == 1);
}

TEST_CASE("what goes wrong explains checkpoints of that attempt alone") {
  watched_attempt of;
  const auto fail_one = [&](std::uint64_t id) {
    of.liveness.triggered(id);
    of.liveness.rests(milliseconds{98});
    of.liveness.given_up(id, checkpoint_failure::expired);
  };
  of.plan.note(fault::io_error);
  fail_one(1);
  of.liveness.attempt_ends();
  of.liveness.rests(milliseconds{200});
  of.liveness.attempt_runs(false); // something lasts
  fail_one(2);
  CHECK(of.problems.empty());
  of.liveness.attempt_ends();
  of.liveness.attempt_runs(true);
  fail_one(3);
  CHECK(of.problems.size() == 1);
}
