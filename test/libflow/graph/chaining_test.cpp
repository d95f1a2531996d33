#include "libflow/graph/chaining.hpp"

#include <doctest/doctest.h>

#include <functional>

#include "test/support/graph_builder.hpp"

using namespace flow;
using test::graph_builder;
using stream = graph_builder::stream;

namespace {

struct row {
  const char* what;
  /// Changes "upper -> lower", which is chained as written.
  std::function<void(graph_builder&, stream upper, stream lower)> change;
  const char* why_not; ///< null: still chained
};

void nothing(graph_builder&, stream, stream) {}

const row table[] = {
  {"two plain operators", nothing, nullptr},
  {"chaining is off",
   [](graph_builder& job, stream, stream) {
     job.graph.options().chaining = false;
   },
   "chaining is off for this job"},
  {"another parallelism below",
   [](graph_builder&, stream, stream lower) { lower.parallelism(3); },
   "parallelism changes from 2 to 3"},
  {"another parallelism above",
   [](graph_builder&, stream upper, stream) { upper.parallelism(1); },
   "parallelism changes from 1 to 2"},
  {"another max parallelism",
   [](graph_builder&, stream, stream lower) {
     lower.node().max_parallelism = 256;
   },
   "max parallelism changes from 128 to 256"},
  {"another slot sharing group",
   [](graph_builder&, stream, stream lower) { lower.group("heavy"); },
   "slot sharing group changes from default to heavy"},
  {"the group of the upper one is inherited",
   [](graph_builder&, stream upper, stream) { upper.group("heavy"); }, nullptr},
  {"a second input stream",
   [](graph_builder& job, stream upper, stream lower) {
     job.connect(upper, lower, 0);
   },
   "the operator has 2 input streams"},
  {"lower is a head",
   [](graph_builder&, stream, stream lower) {
     lower.chaining(chaining_strategy::head);
   },
   "the operator begins a chain"},
  {"upper is a head",
   [](graph_builder&, stream upper, stream) {
     upper.chaining(chaining_strategy::head);
   },
   nullptr},
  {"lower is never chained",
   [](graph_builder&, stream, stream lower) {
     lower.chaining(chaining_strategy::never);
   },
   "the operator is never chained"},
  {"upper is never chained",
   [](graph_builder&, stream upper, stream) {
     upper.chaining(chaining_strategy::never);
   },
   "upper is never chained"},
};

} // namespace

TEST_CASE("each chaining rule forbids by itself and says why") {
  for (const auto& one : table) {
    INFO(one.what);
    graph_builder job(2);
    const auto upper = job.source("read").then("upper");
    const auto lower = upper.then("lower");
    one.change(job, upper, lower);
    const auto* edge = job.graph.inputs_of(lower.node().id)[0];
    const auto why = why_not_chained(job.graph, *edge);
    CHECK(why.has_value() == (one.why_not != nullptr));
    CHECK(why.value_or("") == std::string{one.why_not ? one.why_not : ""});
  }
}

TEST_CASE("only a forward exchange chains, and parallelism 1 changes nothing") {
  for (const auto how :
       {partitioning::hash, partitioning::rebalance, partitioning::rescale,
        partitioning::shuffle, partitioning::broadcast, partitioning::global,
        partitioning::custom}) {
    graph_builder job(1);
    job.source("read").by(how).then("lower");
    CHECK(why_not_chained(job.graph, job.graph.edges()[0])
          == "the exchange is " + std::string{to_string(how)});
  }
  graph_builder job(1);
  job.source("read").by(partitioning::forward).then("lower");
  CHECK_FALSE(why_not_chained(job.graph, job.graph.edges()[0]));
}

TEST_CASE("an operator is not chained to an input that it waits for") {
  graph_builder job;
  job.source("read").awaited().then("lower");
  CHECK(why_not_chained(job.graph, job.graph.edges()[0])
        == "the operator waits for this input to end");
}

TEST_CASE("a side output chains like a main output") {
  graph_builder job;
  job.source("read").side("late").then("lower");
  CHECK_FALSE(why_not_chained(job.graph, job.graph.edges()[0]));
}

TEST_CASE("inputs of different slot sharing groups leave the default") {
  graph_builder job;
  const auto a = job.source("a").group("x");
  const auto b = job.source("b").group("y");
  const auto joined = job.join("both", operator_kind::map, {{a, {}, {b}}});
  CHECK(job.graph.slot_sharing_group_of(joined.node().id) == "default");
  CHECK(job.graph.slot_sharing_group_of(b.node().id) == "y");
}

TEST_CASE(
  "aligned watermarks are part of their source, whatever the job says") {
  graph_builder job;
  job.graph.options().chaining = false;
  const auto marks = job.source("read").then("marks");
  marks.node().alignment =
    alignment_options{"g", duration_ms{0}, duration_ms{1}};
  marks.then("below");
  CHECK_FALSE(why_not_chained(job.graph, job.graph.edges()[0]));
  CHECK(why_not_chained(job.graph, job.graph.edges()[1])
        == "chaining is off for this job");
}
