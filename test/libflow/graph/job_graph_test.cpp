#include "libflow/graph/job_graph.hpp"

#include <doctest/doctest.h>

#include <map>

#include "test/support/graph_builder.hpp"

using namespace flow;
using test::graph_builder;

namespace {

std::map<std::string, operator_id> ids_of(const job_graph& job) {
  std::map<std::string, operator_id> result;
  for (const auto& vertex : job.vertices())
    for (const auto& op : vertex.operators)
      result[op.name] = op.id;
  return result;
}

/// read -> parse | count -> out, with another operator if asked for.
graph_builder counting(bool with_uids, bool with_filter) {
  graph_builder job(2);
  auto stream = job.source("read");
  if (with_uids)
    stream.uid("read");
  if (with_filter)
    stream = stream.then("keep", operator_kind::filter);
  stream = stream.then("parse");
  if (with_uids)
    stream.uid("parse");
  stream = stream.key_by().reduce("count");
  if (with_uids)
    stream.uid("count");
  stream.sink("out");
  return job;
}

std::vector<std::string> names_of(const job_graph& job) {
  std::vector<std::string> result;
  for (const auto& vertex : job.vertices())
    result.push_back(vertex.name);
  return result;
}

} // namespace

TEST_CASE("operators between two exchanges are one vertex") {
  const auto job = counting(false, true).job();
  CHECK(names_of(*job)
        == std::vector<std::string>{"read -> keep -> parse", "count -> out"});
  REQUIRE(job->edges().size() == 1);
  const auto& edge = job->edges()[0];
  CHECK(edge.how == partitioning::hash);
  CHECK(edge.from_operator == 2);
  CHECK(job->vertices()[0].outputs == std::vector{edge.id});
  CHECK(job->vertices()[1].inputs == std::vector{edge.id});
  CHECK(job->vertices()[1].max_parallelism == 128);
}

TEST_CASE("an operator with two consumers chains both, as a tree") {
  graph_builder job;
  const auto parse = job.source("read").then("parse");
  parse.then("upper").sink("a");
  parse.side("bad").sink("b");
  const auto built = job.job();
  REQUIRE(built->vertices().size() == 1);
  const auto& vertex = built->vertices()[0];
  CHECK(vertex.name == "read -> parse -> (upper -> a, b)");
  REQUIRE(vertex.chained.size() == 4);
  for (std::size_t i = 0; i < vertex.chained.size(); ++i) {
    CHECK(vertex.chained[i].to == i + 1); // each but the head hangs once
    CHECK(vertex.chained[i].from < vertex.chained[i].to);
  }
  CHECK(vertex.chained[3].from == 1);
  CHECK(vertex.chained[3].side_output == "bad");
}

TEST_CASE("equal names are numbered for display and may be anything") {
  graph_builder job;
  job.source("x").then("x").then("x #2").then("").sink("x");
  CHECK(names_of(*job.job())
        == std::vector<std::string>{"x -> x #2 -> x #2 #2 -> map -> x #3"});
}

TEST_CASE("with uids, operator ids outlive another operator") {
  auto before = ids_of(*counting(true, false).job());
  auto after = ids_of(*counting(true, true).job());
  for (const auto* name : {"read", "parse", "count", "out"}) {
    INFO(name);
    CHECK(before.at(name) == after.at(name));
  }
  CHECK(before.at("count") == operator_id_of("count"));
}

TEST_CASE("without uids, operators below a new one get new ids") {
  auto before = ids_of(*counting(false, false).job());
  auto after = ids_of(*counting(false, true).job());
  CHECK(before.at("read") == after.at("read"));
  CHECK(before.at("parse") != after.at("parse"));
  CHECK(before.at("count") != after.at("count"));
}

TEST_CASE("an operator's id depends on neither name nor parallelism if it has "
          "a uid") {
  auto job = counting(true, false);
  const auto before = ids_of(*job.job());
  job.graph.node(node_id{2}).name = "sum up";
  job.graph.node(node_id{2}).parallelism = 7;
  CHECK(ids_of(*job.job()).at("sum up") == before.at("count"));
}

TEST_CASE("ids of twins differ, by order of writing") {
  graph_builder job;
  const auto read = job.source("read");
  read.then("same").sink("out");
  read.then("same").sink("out");
  const auto ids = ids_of(*job.job());
  CHECK(ids.size() == 5);
  CHECK(ids.at("same") != ids.at("same #2"));
  CHECK(ids.at("out") != ids.at("out #2"));
}

TEST_CASE("operator ids never change from one version to the next") {
  CHECK(to_string(operator_id_of("count")) == "760de393dbfa10e1");
  CHECK(to_string(ids_of(*counting(false, false).job()).at("count"))
        == "a02272f677058e47");
}

TEST_CASE("the hash of a graph is the same for the same program") {
  CHECK(counting(true, true).job()->hash()
        == counting(true, true).job()->hash());
}

TEST_CASE("the hash of a graph changes with each thing that must agree") {
  const auto original = counting(true, false);
  const auto hash = original.job()->hash();
  const auto facts = original.job()->facts();
  const std::vector<std::pair<const char*, void (*)(stream_graph&)>> changes{
    {"uid", [](stream_graph& g) { g.node(node_id{2}).uid = "other"; }},
    {"name", [](stream_graph& g) { g.node(node_id{2}).name = "other"; }},
    {"parallelism", [](stream_graph& g) { g.options().parallelism = 3; }},
    {"max", [](stream_graph& g) { g.options().max_parallelism = 64; }},
    {"chaining", [](stream_graph& g) { g.options().chaining = false; }},
    {"setting", [](stream_graph& g) { g.options().settings.emplace("a", "on"); }},
    {"group",
     [](stream_graph& g) { g.node(node_id{2}).slot_sharing_group.emplace("far"); }},
    {"type", [](stream_graph& g) { g.node(node_id{3}).inputs[0].type = "long"; }},
  };
  for (const auto& [what, change] : changes) {
    INFO(what);
    auto changed = original;
    change(changed.graph);
    CHECK(changed.job()->hash() != hash);
    CHECK(first_difference(facts, changed.job()->facts()).has_value());
  }
  CHECK_FALSE(first_difference(facts, original.job()->facts()));
}

TEST_CASE("the first difference of two graphs is named") {
  using lines = std::vector<std::string>;
  CHECK(first_difference(lines{"a", "b"}, lines{"a", "c"})
        == "planned was 'b', built is 'c'");
  CHECK(first_difference(lines{"a", "b"}, lines{"a"})
        == "planned was 'b', which is missing");
  CHECK(first_difference(lines{"a"}, lines{"a", "c"})
        == "built is 'c', which was not planned");
  auto job = counting(true, false);
  const auto planned = job.job()->facts();
  job.graph.options().parallelism = 3;
  CHECK(first_difference(planned, job.job()->facts())
        == "planned was 'vertex 0: parallelism 2, max parallelism 128, slot "
           "sharing group default', built is 'vertex 0: parallelism 3, max "
           "parallelism 128, slot sharing group default'");
}

TEST_CASE("edges go from a smaller vertex to a larger one") {
  graph_builder job(2);
  const auto a = job.source("a");
  const auto b = job.source("b");
  const auto late = a.then("late in a's chain");
  job.join("both", operator_kind::co_process, {{b.key_by()}, {late.key_by()}})
    .sink("out");
  const auto built = job.job();
  for (const auto& edge : built->edges())
    CHECK(index_of(edge.from) < index_of(edge.to));
  CHECK(built->vertices()[2].inputs.size() == 2);
}
