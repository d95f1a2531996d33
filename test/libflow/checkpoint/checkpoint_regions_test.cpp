#include <doctest/doctest.h>

#include "libflow/checkpoint/checkpoint_coordinator.hpp"

using namespace flow;
using std::chrono::milliseconds;
using kind = checkpoint_step::kind;

namespace {

/// Two sources that nothing connects: task 0 in region 0, task 1 in region 1.
class two_regions {
public:
  two_regions() : it(every_second(), plan(), 1) {
    for (const std::uint32_t region : {0U, 1U}) {
      it.attempt_begins(1, region);
      it.attempt_running(1, now, region);
    }
  }

  static checkpoint_options every_second() {
    checkpoint_options options;
    options.interval = milliseconds{1000};
    return options;
  }
  static checkpoint_plan plan() {
    checkpoint_plan result;
    result.vertices.resize(2);
    result.tasks = {{0, 0, {}, 0}, {1, 0, {}, 1}};
    return result;
  }

  checkpoint_coordinator::steps pass(milliseconds time) {
    now += time;
    return it.tick(now, now / milliseconds{1});
  }
  checkpoint_coordinator::steps ack(std::uint32_t task, std::uint64_t id,
                                    std::uint32_t attempt) {
    checkpoint_ack what;
    what.task = task;
    what.attempt = attempt;
    what.checkpoint_id = id;
    return it.acknowledged(what, now);
  }

  checkpoint_coordinator it;
  checkpoint_coordinator::time_point now{0};
};

std::vector<kind> kinds(const checkpoint_coordinator::steps& of) {
  std::vector<kind> result;
  for (const auto& each : of)
    result.push_back(each.what);
  return result;
}

using all = std::vector<kind>;

} // namespace

TEST_CASE("a region that fails takes the pending checkpoint with it") {
  two_regions job;
  CHECK(kinds(job.pass(milliseconds{1000})) == all{kind::trigger});
  // The task of the other region may be writing its part: it is told.
  CHECK(kinds(job.it.attempt_ended(1))
        == all{kind::notify_aborted, kind::discard_unfinished});
  CHECK(job.ack(0, 1, 1).empty());
  CHECK(job.pass(milliseconds{5000}).empty());
  job.it.attempt_begins(2, 1);
  CHECK(job.pass(milliseconds{5000}).empty());
  job.it.attempt_running(2, job.now, 1);
  CHECK(kinds(job.pass(milliseconds{1000})) == all{kind::trigger});
  CHECK(job.ack(1, 2, 1).empty()); // of the attempt before
  CHECK(job.ack(0, 2, 1).empty()); // its region goes on in the first
  CHECK(kinds(job.ack(1, 2, 2)) == all{kind::publish});
}

TEST_CASE("what is on its way to the disk completes for those that go on") {
  two_regions job;
  job.pass(milliseconds{1000});
  job.ack(0, 1, 1);
  CHECK(kinds(job.ack(1, 1, 1)) == all{kind::publish});
  CHECK(job.it.attempt_ended(0).empty());
  CHECK(kinds(job.it.stored(1, job.now)) == all{kind::notify_completed});
  CHECK(job.it.latest_completed() == 1);
}

TEST_CASE("a region that has ended stays so when another starts again") {
  two_regions job;
  job.it.task_at_end(0, 1, job.now);
  job.pass(milliseconds{1000});
  job.ack(0, 1, 1);
  job.ack(1, 1, 1);
  job.it.stored(1, job.now);
  job.it.task_finished(0, 1, job.now);
  job.it.attempt_ended(1);
  job.it.attempt_begins(2, 1);
  job.it.attempt_running(2, job.now, 1);
  job.it.task_at_end(1, 2, job.now);
  const auto last = job.pass(milliseconds{1});
  REQUIRE(kinds(last) == all{kind::trigger});
  CHECK(last.front().tasks == std::vector<std::uint32_t>{1});
  CHECK(kinds(job.ack(1, 2, 2)) == all{kind::publish});
}

TEST_CASE("with all regions gone nobody is told") {
  two_regions job;
  job.pass(milliseconds{1000});
  job.it.attempt_ended(0);
  CHECK(job.it.attempt_ended(1).empty());
}
