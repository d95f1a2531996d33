#include "libflow/job/alignment_coordinator.hpp"

#include <doctest/doctest.h>

#include "test/support/graph_builder.hpp"

namespace alignment_coordinator_test {

using namespace flow;
using namespace std::chrono_literals;
using test::graph_builder;

namespace {

using announcements = std::vector<alignment_coordinator::announcement>;

constexpr auto never = std::chrono::nanoseconds::max();

/// Adds a source, with a sink of its own.
void add_source(graph_builder& job, const std::string& name,
                std::optional<alignment_options> how) {
  const auto marks =
    job.source(name).then(name + " marks", operator_kind::watermarks);
  marks.node().alignment = std::move(how);
  marks.sink(name + " out");
}

/// Tasks 0 and 1 of group "g" with drifts of 10 and 100 ms, 2 without a group,
/// 3 alone in group "h".
execution_graph sources() {
  graph_builder job;
  add_source(job, "a", alignment_options{"g", 10ms, 50ms});
  add_source(job, "b", alignment_options{"g", 100ms, 1s});
  add_source(job, "c", {});
  add_source(job, "d", alignment_options{"h", 0ms, 1s});
  return job.execution();
}

} // namespace

TEST_CASE("each source may go as far as the slowest of its group and a drift") {
  alignment_coordinator group{sources()};
  for (std::uint32_t task = 0; task < 4; ++task)
    group.started(task);
  CHECK(group.due(1s) == announcements{});
  group.report(0, 1'000);
  group.report(3, 7);
  group.report(2, 1); // not aligned
  CHECK(group.due(1s) == announcements{{0, 1'010}, {1, 1'100}, {3, 7}});
  group.report(1, 500);
  CHECK(group.due(2s) == announcements{{0, 510}, {1, 600}});
  group.report(0, 1'500); // the other is the slowest still
  CHECK(group.due(3s) == announcements{});
}

TEST_CASE("limits are told once an interval at most") {
  alignment_coordinator group{sources()};
  CHECK(group.next_deadline() == never);
  group.report(0, 10);
  CHECK(group.next_deadline() <= 1s);
  CHECK(group.due(1s).size() == 2);
  CHECK(group.next_deadline() == never);
  group.report(0, 20);
  CHECK(group.due(1s + 49ms) == announcements{});
  CHECK(group.next_deadline() == 1s + 50ms); // the shortest of the members
  group.report(0, 30);
  CHECK(group.due(1s + 50ms) == announcements{{0, 40}, {1, 130}});
}

TEST_CASE(
  "sources that are idle, have ended or no watermark hold nobody back") {
  alignment_coordinator group{sources()};
  group.report(0, min_timestamp);
  group.report(1, 50);
  CHECK(group.due(1s) == announcements{{0, 60}, {1, 150}});
  group.report(0, 20);
  CHECK(group.due(2s) == announcements{{0, 30}, {1, 120}});
  group.report(0, max_timestamp); // idle
  CHECK(group.due(3s) == announcements{{0, 60}, {1, 150}});
  group.report(0, 30); // active again
  CHECK(group.due(4s) == announcements{{0, 40}, {1, 130}});
  group.ended(0);
  CHECK(group.due(5s) == announcements{{0, 60}, {1, 150}});
  group.ended(1);
  CHECK(group.due(6s) == announcements{{0, max_timestamp}, {1, max_timestamp}});
}

TEST_CASE(
  "a source that starts again is told at once, and counts where it was") {
  alignment_coordinator group{sources()};
  group.report(0, 100);
  group.report(1, 200);
  CHECK(group.due(1s) == announcements{{0, 110}, {1, 200}});
  group.started(0);
  CHECK(group.due(1s + 1ms) == announcements{{0, 110}});
  group.report(0, 40); // from its snapshot
  CHECK(group.due(2s) == announcements{{0, 50}, {1, 140}});
}

} // namespace alignment_coordinator_test
