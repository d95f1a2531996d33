#include "libflow/job/failover_regions.hpp"

#include <doctest/doctest.h>

#include "test/support/graph_builder.hpp"

namespace failover_regions_test {

using namespace flow;

namespace {

using tasks = std::vector<std::uint32_t>;

} // namespace

TEST_CASE("what a keyed exchange connects is one region") {
  test::graph_builder job{3};
  job.source("read").key_by().reduce("count").sink("out");
  const auto graph = job.execution();
  const failover_regions regions{graph, {}};
  REQUIRE(regions.count() == 1);
  CHECK(regions.tasks_of(0) == tasks{0, 1, 2, 3, 4, 5});
}

TEST_CASE("two pipelines that are not connected are two regions") {
  test::graph_builder job{2};
  job.source("a").key_by().reduce("count a").sink("out a");
  job.source("b").key_by().reduce("count b").sink("out b");
  const auto graph = job.execution();
  const failover_regions regions{graph, {}};
  REQUIRE(regions.count() == 2);
  CHECK(regions.task_count() == 8);
  for (std::uint32_t task = 0; task < 8; ++task) {
    const auto& mine = regions.tasks_of(regions.of_task(task));
    CHECK(std::ranges::find(mine, task) != mine.end());
    CHECK(mine.size() == 4);
  }
  CHECK(regions.of_task(0) == 0);
}

TEST_CASE("subtasks that only hand on are regions of their own") {
  test::graph_builder job{3};
  job.source("read").then("parse").sink("out");
  const auto graph = job.execution();
  const failover_regions regions{graph, {}};
  CHECK(regions.count() == 3);
  SUBCASE("unless something else ties them") {
    const vertex_id source = graph.job().vertices().front().id;
    const failover_regions tied{graph, {&source, 1}};
    REQUIRE(tied.count() == 1);
    CHECK(tied.tasks_of(0).size() == graph.subtask_count());
  }
}

TEST_CASE("a pipeline that splits and joins again is one region") {
  test::graph_builder job{1};
  const auto read = job.source("read");
  const auto left = read.then("left").chaining(chaining_strategy::never);
  const auto right = read.then("right").chaining(chaining_strategy::never);
  job.join("join", operator_kind::map, {{left}, {right}}).sink("out");
  job.source("other").sink("elsewhere");
  const auto graph = job.execution();
  const failover_regions regions{graph, {}};
  CHECK(regions.count() == 2);
}

} // namespace failover_regions_test
