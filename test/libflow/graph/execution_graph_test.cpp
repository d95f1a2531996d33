#include "libflow/graph/execution_graph.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>

#include "test/support/graph_builder.hpp"

using namespace flow;
using test::graph_builder;

namespace {

/// Both sides of every channel of the graph give the same numbers, and numbers
/// count from 0 without a gap on each side.
void check_wiring(const execution_graph& graph) {
  std::map<std::pair<subtask_id, std::uint32_t>, execution_channel> by_input;
  for (const auto subtask : graph.subtasks()) {
    const auto gate = graph.inputs_of(subtask);
    for (std::uint32_t i = 0; i < gate.size(); ++i) {
      REQUIRE(gate[i].input_channel == i);
      REQUIRE(gate[i].consumer == subtask);
      by_input[{subtask, i}] = gate[i];
    }
  }
  std::size_t seen = 0;
  for (const auto& edge : graph.job().edges()) {
    std::uint64_t of_edge = 0;
    for (std::uint32_t p = 0; p < graph.job().vertex(edge.from).parallelism;
         ++p) {
      const auto outputs = graph.outputs_of({edge.from, p}, edge.id);
      REQUIRE(!outputs.empty());
      for (std::uint32_t i = 0; i < outputs.size(); ++i) {
        REQUIRE(outputs[i].output_channel == i);
        REQUIRE(by_input.at({outputs[i].consumer, outputs[i].input_channel})
                == outputs[i]);
      }
      of_edge += outputs.size();
    }
    CHECK(graph.channel_count(edge.id) == of_edge);
    seen += of_edge;
  }
  CHECK(seen == by_input.size());
}

} // namespace

TEST_CASE("both ends of a channel know it by consistent numbers") {
  for (const auto how :
       {partitioning::forward, partitioning::hash, partitioning::rebalance,
        partitioning::rescale, partitioning::shuffle, partitioning::broadcast,
        partitioning::global, partitioning::custom})
    for (int up = 1; up <= 4; ++up)
      for (int down = 1; down <= 4; ++down) {
        if (how == partitioning::forward && up != down)
          continue;
        INFO(to_string(how) << " from " << up << " to " << down);
        graph_builder job;
        // A union of itself with another stream, and a second input: gates with
        // several edges, so that offsets count.
        const auto a = job.source("a").parallelism(up);
        const auto b = job.source("b").parallelism(3);
        job
          .join("both", operator_kind::co_process,
                {{a.by(how), {}, {b.by(partitioning::rescale), a.by(how)}},
                 {b.by(partitioning::broadcast)}})
          .parallelism(down)
          .chaining(chaining_strategy::never)
          .sink("out");
        check_wiring(job.execution());
      }
}

TEST_CASE("a gate numbers edge after edge, then by producer") {
  graph_builder job(2);
  const auto a = job.source("a");
  const auto b = job.source("b").parallelism(3);
  job.join("both", operator_kind::co_process, {{a.key_by()}, {b.key_by()}})
    .sink("out");
  const auto graph = job.execution();
  const auto gate = graph.inputs_of({vertex_id{2}, 1});
  REQUIRE(gate.size() == 5);
  CHECK(gate[1].producer == subtask_id{vertex_id{0}, 1});
  CHECK(gate[1].input == 0);
  CHECK(gate[4].producer == subtask_id{vertex_id{1}, 2});
  CHECK(gate[4].input == 1);
  CHECK(gate[4].output_channel == 1);
}

TEST_CASE("subtasks split the key groups of their vertex") {
  graph_builder job(3);
  job.source("read").key_by().reduce("count").sink("out");
  const auto graph = job.execution();
  CHECK(graph.key_groups_of({vertex_id{1}, 0}) == key_group_range{0, 42});
  CHECK(graph.key_groups_of({vertex_id{1}, 2}) == key_group_range{86, 127});
}

TEST_CASE("a new attempt is the subtask's own") {
  graph_builder job(2);
  job.source("read").sink("out");
  auto graph = job.execution();
  const subtask_id first{vertex_id{0}, 0};
  const subtask_id second{vertex_id{0}, 1};
  CHECK(graph.attempt_of(first) == 0);
  CHECK(graph.begin_attempt(first) == 1);
  CHECK(graph.begin_attempt(first) == 2);
  CHECK(graph.attempt_of(first) == 2);
  CHECK(graph.attempt_of(second) == 0);
}

TEST_CASE("a slot sharing group needs as many slots as its widest vertex") {
  graph_builder job(2);
  job.source("read")
    .key_by()
    .reduce("count")
    .parallelism(4)
    .by(partitioning::rebalance)
    .then("heavy")
    .group("heavy")
    .parallelism(3)
    .by(partitioning::global)
    .sink("out")
    .parallelism(1);
  const auto graph = job.execution();
  CHECK(graph.slots() == std::vector<slot_need>{{"default", 4}, {"heavy", 3}});
  CHECK(graph.subtask_count() == 10);
  CHECK(graph.subtasks().size() == 10);
}
