#include "libflow/graph/graph_printer.hpp"

#include <doctest/doctest.h>

#include "test/support/golden.hpp"
#include "test/support/graph_builder.hpp"

using namespace flow;
using test::graph_builder;

namespace {

void check(const graph_builder& job, const std::string& name,
           checkpoint_mode mode = checkpoint_mode::exactly_once) {
  test::check_golden("graph/" + name + ".txt",
                     explain(job.execution(), mode, graph_format::text));
}

/// Broadcast, side outputs, keys, notes: something of everything.
graph_builder flights() {
  graph_builder job(4, "flights");
  const auto parsed = job.source("flights.csv")
                        .uid("read")
                        .note("path", "data/flights.csv")
                        .then("parse", operator_kind::process)
                        .then("event time", operator_kind::watermarks)
                        .note("watermarks", "bounded, 30 min, by the clock");
  parsed.side("malformed").sink("dead letters").uid("dead");
  const auto counted =
    parsed.key_by()
      .then("per hour", operator_kind::window, input_rule::keyed)
      .uid("cells")
      .note("window", "tumbling, 1 h, by slices");
  counted.side("late").sink("late rows");
  const auto airports = job.source("airports.csv");
  airports.node().single = true;
  job
    .join(
      "city and state", operator_kind::broadcast_connect,
      {{counted},
       {airports.by(partitioning::broadcast).awaited(), input_rule::broadcast}})
    .sink("results")
    .uid("results");
  return job;
}

} // namespace

TEST_CASE("explain prints a linear job") {
  graph_builder job(2, "linear");
  job.source("read")
    .then("parse")
    .then("keep", operator_kind::filter)
    .sink("out");
  check(job, "linear");
}

TEST_CASE("explain prints a keyed job without checkpoints") {
  graph_builder job(4, "keyed");
  job.source("read").key_by().reduce("count").uid("count").sink("out");
  check(job, "keyed", checkpoint_mode::off);
}

TEST_CASE("explain prints a union, also of a stream with itself") {
  graph_builder job(2, "union");
  const auto a = job.source("a");
  const auto b = job.source("b").parallelism(3);
  job.join("both", operator_kind::map, {{a, {}, {b, a}}}).sink("out");
  check(job, "union");
}

TEST_CASE("explain prints broadcasts, side outputs and waiting") {
  check(flights(), "flights");
}

TEST_CASE("explain prints a job whose chaining is off") {
  graph_builder job(2, "unchained");
  job.graph.options().chaining = false;
  job.source("read").then("parse").sink("out");
  check(job, "unchained");
}

TEST_CASE("explain prints chains that the author cut") {
  graph_builder job(2, "cut");
  job.source("read")
    .then("head")
    .chaining(chaining_strategy::head)
    .then("alone")
    .chaining(chaining_strategy::never)
    .sink("out")
    .guarantee(delivery_guarantee::at_least_once, "it prints at once");
  check(job, "cut");
}

TEST_CASE("explain prints slot sharing groups") {
  graph_builder job(2, "groups");
  job.source("read").then("heavy").group("heavy").parallelism(5).sink("out");
  check(job, "groups");
}

TEST_CASE("explain prints JSON for programs") {
  test::check_golden("graph/flights.json.txt",
                     explain(flights().execution(),
                             checkpoint_mode::exactly_once,
                             graph_format::json));
}

TEST_CASE("explain prints dot for Graphviz, with quotes escaped") {
  auto job = flights();
  job.graph.options().job_name = "say \"hi\"\\";
  test::check_golden(
    "graph/flights.dot.txt",
    explain(job.execution(), checkpoint_mode::off, graph_format::dot));
}

TEST_CASE("an unknown format of --explain is refused with the known ones") {
  CHECK(*graph_format_from("text") == graph_format::text);
  CHECK(*graph_format_from("json") == graph_format::json);
  CHECK(*graph_format_from("dot") == graph_format::dot);
  const auto wrong = graph_format_from("xml");
  REQUIRE_FALSE(wrong.has_value());
  CHECK(wrong.error().text == "--explain takes text, json or dot, not 'xml'");
}
