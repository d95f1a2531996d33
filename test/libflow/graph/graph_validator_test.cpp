#include "libflow/graph/graph_validator.hpp"

#include <doctest/doctest.h>

#include "test/support/graph_builder.hpp"

using namespace flow;
using test::graph_builder;

namespace {

using texts = std::vector<std::string>;

texts errors_of(const graph_builder& job) {
  texts result;
  for (const auto& found : find_errors(job.graph)) {
    CHECK(found.code == error_code::invalid_job);
    CHECK(found.severity == error_severity::fatal);
    result.push_back(found.text);
  }
  return result;
}

} // namespace

TEST_CASE("a job from a source to a sink is valid") {
  graph_builder job(4);
  job.source("read").then("parse").key_by().reduce("count").sink("out");
  CHECK(errors_of(job) == texts{});
  CHECK(validate(job.graph).has_value());
}

TEST_CASE("an empty job lacks a source and a sink") {
  const graph_builder job;
  CHECK(errors_of(job)
        == texts{"the job has no source: begin a stream with from_source, "
                 "from_collection, from_sequence or from_actor",
                 "the job has no sink: end a stream with sink_to, print or "
                 "collect"});
}

TEST_CASE("a source that nothing consumes is named") {
  graph_builder job;
  job.source("read").sink("out");
  job.source("forgotten");
  CHECK(errors_of(job)
        == texts{"nothing consumes source 'forgotten': end its stream with a "
                 "sink or remove it"});
}

TEST_CASE("an operator whose results go nowhere is named") {
  graph_builder job;
  const auto read = job.source("read");
  read.sink("out");
  read.then("");
  CHECK(errors_of(job)
        == texts{"nothing consumes map: end its stream with a sink or remove "
                 "it"});
}

TEST_CASE("a side output is enough to consume an operator") {
  graph_builder job;
  job.source("read").then("parse").side("bad").sink("out");
  CHECK(errors_of(job) == texts{});
}

TEST_CASE("an operator without its input is named") {
  graph_builder job;
  job.source("read").sink("out");
  job.add("lost", operator_kind::map, {{"int"}}).sink("out 2");
  CHECK(errors_of(job)
        == texts{"map 'lost' has no input: connect a stream to it or remove "
                 "it"});
}

TEST_CASE("an operator without one of two inputs is named with the input") {
  graph_builder job;
  const auto read = job.source("read");
  const auto both =
    job.add("both", operator_kind::co_process, {{"int"}, {"int"}});
  job.connect(read, both, 0);
  both.sink("out");
  CHECK(errors_of(job)
        == texts{"co_process 'both' has no stream at input 1: connect a stream "
                 "to it or remove it"});
}

TEST_CASE("two operators with one uid are both named") {
  graph_builder job;
  job.source("read").uid("a").then("parse").uid("a").sink("out");
  CHECK(errors_of(job)
        == texts{"source 'read' and map 'parse' have the same uid 'a': a uid "
                 "names the state of one operator, give each its own"});
}

TEST_CASE("an empty uid is refused") {
  graph_builder job;
  job.source("read").uid("").sink("out");
  CHECK(errors_of(job)
        == texts{"source 'read' has an empty uid: give it a text or leave it "
                 "away"});
}

TEST_CASE("parallelism is within 1..32768") {
  graph_builder job;
  job.source("a").parallelism(0).sink("x").parallelism(1);
  job.source("b").parallelism(-3).sink("y").parallelism(1);
  job.source("c").parallelism(32769).sink("z").parallelism(1);
  CHECK(errors_of(job)
        == texts{"source 'a' has parallelism 0: it must be within 1..32768",
                 "source 'b' has parallelism -3: it must be within 1..32768",
                 "source 'c' has parallelism 32769: it must be within "
                 "1..32768"});
}

TEST_CASE("the largest parallelism is valid") {
  graph_builder job(32768);
  job.source("read").sink("out");
  CHECK(errors_of(job) == texts{});
}

TEST_CASE("the job's parallelism and max parallelism are within 1..32768") {
  graph_builder job(0);
  job.graph.options().max_parallelism = 40000;
  job.source("read").parallelism(1).sink("out").parallelism(1);
  CHECK(errors_of(job)
        == texts{"the job has parallelism 0: it must be within 1..32768",
                 "the job has max parallelism 40000: it must be within "
                 "1..32768"});
}

TEST_CASE("an operator's max parallelism is within 1..32768") {
  graph_builder job;
  job.source("read").sink("out").node().max_parallelism = 0;
  CHECK(errors_of(job)
        == texts{"sink 'out' has max parallelism 0: it must be within "
                 "1..32768"});
}

TEST_CASE("parallelism is not above max parallelism") {
  graph_builder job(8);
  job.source("read").sink("out").node().max_parallelism = 4;
  CHECK(errors_of(job)
        == texts{"sink 'out' has parallelism 8, above its max parallelism 4: "
                 "lower the one or raise the other (raising gives up state "
                 "kept so far)"});
}

TEST_CASE("an operator that is right only as one subtask keeps to it") {
  graph_builder job(4);
  const auto read = job.source("read");
  read.node().single = true;
  read.sink("out");
  CHECK(errors_of(job) == texts{});
  CHECK(job.graph.parallelism_of(read.node().id) == 1);
  read.parallelism(2);
  CHECK(errors_of(job)
        == texts{"source 'read' has parallelism 2, but is right only with 1: "
                 "remove its set_parallelism"});
}

TEST_CASE("forward needs equal parallelism") {
  graph_builder job(2);
  job.source("read").by(partitioning::forward).sink("out").parallelism(4);
  CHECK(errors_of(job)
        == texts{"forward from source 'read' to sink 'out' needs equal "
                 "parallelism, but they have 2 and 4: use rebalance or "
                 "rescale, or make them equal"});
}

TEST_CASE("without a word about it, a change of parallelism rebalances") {
  graph_builder job(2);
  job.source("read").sink("out").parallelism(4);
  CHECK(errors_of(job) == texts{});
  CHECK(job.graph.partitioning_of(job.graph.edges()[0])
        == partitioning::rebalance);
}

TEST_CASE("an operator that needs a key is given one") {
  graph_builder job;
  job.source("read").reduce("count").sink("out");
  CHECK(errors_of(job)
        == texts{"reduce 'count' needs a keyed input, but the stream of source "
                 "'read' is not keyed: call key_by on it"});
}

TEST_CASE("an operator that needs a broadcast is given one") {
  graph_builder job;
  const auto rows = job.source("rows");
  const auto names = job.source("names");
  job
    .join("enrich", operator_kind::broadcast_connect,
          {{rows}, {names, input_rule::broadcast}})
    .sink("out");
  CHECK(errors_of(job)
        == texts{"broadcast_connect 'enrich' needs a broadcast input, but the "
                 "stream of source 'names' is not broadcast: call broadcast on "
                 "it"});
}

TEST_CASE("an operator does not wait for all of its inputs") {
  graph_builder job;
  job.source("read").awaited().then("hold").sink("out");
  CHECK(errors_of(job)
        == texts{"map 'hold' waits for all of its inputs, so none could go "
                 "first: remove a wait_for"});
}

TEST_CASE("all errors of a job come as one, a line each") {
  graph_builder job;
  job.source("read").uid("").reduce("count").sink("out");
  const auto checked = validate(job.graph);
  REQUIRE_FALSE(checked.has_value());
  CHECK(
    checked.error().text
    == "source 'read' has an empty uid: give it a text or leave it away\n"
       "reduce 'count' needs a keyed input, but the stream of source 'read' "
       "is not keyed: call key_by on it");
  CHECK(checked.error().severity == error_severity::fatal);
  const auto built = build_job_graph(job.graph);
  REQUIRE_FALSE(built.has_value());
  CHECK(built.error() == checked.error());
}

namespace {

graph_builder::stream marks_behind(const graph_builder::stream& above,
                                   const std::string& name) {
  const auto result = above.then(name, operator_kind::watermarks);
  result.node().alignment =
    alignment_options{"g", duration_ms{5}, duration_ms{1}};
  return result;
}

} // namespace

TEST_CASE("watermarks that align a source are in its chain") {
  graph_builder job(2);
  marks_behind(job.source("a").then("parse"), "good").sink("out a");
  marks_behind(job.source("b").by(partitioning::rebalance), "bad")
    .sink("out b");
  marks_behind(job.source("c"), "apart")
    .chaining(chaining_strategy::head)
    .sink("out c");
  CHECK(errors_of(job)
        == texts{"watermarks 'bad' aligns in group 'g', but is not in the "
                 "chain of a source (the exchange is rebalance): assign these "
                 "watermarks right behind the source",
                 "watermarks 'apart' aligns in group 'g', but is not in the "
                 "chain of a source (the operator begins a chain): assign "
                 "these watermarks right behind the source"});
}

TEST_CASE("a source is aligned once") {
  graph_builder job;
  const auto read = job.source("read");
  marks_behind(read, "one").sink("out 1");
  marks_behind(read, "two").sink("out 2");
  CHECK(errors_of(job)
        == texts{"watermarks 'one' and watermarks 'two' both align source "
                 "'read': a source has one alignment"});
}

namespace {

/// A stream that waits for the end of a broadcast one.
void enrich(graph_builder& job, const graph_builder::stream& rows,
            const graph_builder::stream& names) {
  job
    .join(
      "enrich", operator_kind::broadcast_connect,
      {{rows},
       {names.by(partitioning::broadcast).awaited(), input_rule::broadcast}})
    .sink("out");
}

} // namespace

TEST_CASE("a source is not aligned with one whose end it waits for") {
  graph_builder job;
  enrich(job, marks_behind(job.source("rows"), "row times").then("parse"),
         marks_behind(job.source("names"), "name times"));
  CHECK(errors_of(job)
        == texts{"broadcast_connect 'enrich' waits for the end of watermarks "
                 "'name times', which is held back in group 'g' until "
                 "watermarks 'row times' comes up, whose records wait there: "
                 "align them in two groups or remove the wait_for"});
}

TEST_CASE("sources of two groups may wait for each other") {
  graph_builder job;
  const auto names = marks_behind(job.source("names"), "name times");
  names.node().alignment->group = "other";
  enrich(job, marks_behind(job.source("rows"), "row times"), names);
  CHECK(errors_of(job) == texts{});
}

TEST_CASE("one source may flow into both inputs, of which one waits") {
  graph_builder job;
  const auto read = marks_behind(job.source("read"), "times");
  enrich(job, read, read.then("names"));
  CHECK(errors_of(job) == texts{});
}
