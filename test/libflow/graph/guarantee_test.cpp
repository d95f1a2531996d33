#include "libflow/graph/guarantee.hpp"

#include <doctest/doctest.h>

#include "test/support/graph_builder.hpp"

using namespace flow;
using test::graph_builder;
using level = delivery_guarantee;

namespace {

graph_builder job_of(level source, level sink) {
  graph_builder job;
  job.source("in").guarantee(source, "").sink("out").guarantee(sink, "");
  return job;
}

} // namespace

TEST_CASE("replaying sources and committing sinks are exactly-once") {
  const auto job = job_of(level::exactly_once, level::exactly_once).job();
  const auto report = end_to_end_guarantee(*job, checkpoint_mode::exactly_once);
  CHECK(report.level == level::exactly_once);
  CHECK(report.limited_by.empty());
  REQUIRE(report.sources.size() == 1);
  CHECK(report.sources[0].source == "in");
  CHECK(report.sources[0].text
        == "goes on from its position in the last checkpoint");
}

TEST_CASE("a job is as good as the weakest of mode, source and sink") {
  const level levels[] = {level::at_most_once, level::at_least_once,
                          level::exactly_once};
  const std::pair<checkpoint_mode, level> modes[] = {
    {checkpoint_mode::off, level::at_least_once},
    {checkpoint_mode::at_least_once, level::at_least_once},
    {checkpoint_mode::exactly_once, level::exactly_once}};
  for (const auto source : levels)
    for (const auto sink : levels)
      for (const auto& [mode, best] : modes) {
        const auto report =
          end_to_end_guarantee(*job_of(source, sink).job(), mode);
        CHECK(report.level == std::min({source, sink, best}));
        CHECK(report.limited_by.empty()
              == (report.level == level::exactly_once));
        CHECK_FALSE(report.reason.empty());
      }
}

TEST_CASE("the limiting component is named with its own reason") {
  graph_builder job;
  job.source("in").then("ask").sink("out").guarantee(level::at_least_once,
                                                     "it prints at once");
  const auto report =
    end_to_end_guarantee(*job.job(), checkpoint_mode::exactly_once);
  CHECK(to_string(report)
        == "at-least-once, limited by sink 'out': it prints at once");
}

TEST_CASE("an operator that reaches out of the job limits it") {
  graph_builder job;
  job.source("in")
    .then("ask")
    .guarantee(level::at_least_once, "")
    .sink("out")
    .guarantee(level::at_least_once, "");
  const auto report =
    end_to_end_guarantee(*job.job(), checkpoint_mode::exactly_once);
  CHECK(to_string(report)
        == "at-least-once, limited by map 'ask': it reaches out of the job");
}

TEST_CASE("without checkpoints files begin anew and sockets lose") {
  graph_builder job;
  const auto file = job.source("file");
  const auto socket = job.source("socket").guarantee(
    level::at_most_once, "a socket cannot be read again");
  job.join("out", operator_kind::sink, {{file, {}, {socket}}});
  const auto report = end_to_end_guarantee(*job.job(), checkpoint_mode::off);
  CHECK(to_string(report)
        == "at-most-once, limited by source 'socket': a socket cannot be read "
           "again");
  REQUIRE(report.sources.size() == 2);
  CHECK(report.sources[0].text == "begins anew");
  CHECK(report.sources[1].text
        == "goes on with what arrives next; what arrived before is lost");
}

TEST_CASE("without checkpoints a job of files says what comes again") {
  const auto job = job_of(level::exactly_once, level::exactly_once).job();
  CHECK(to_string(end_to_end_guarantee(*job, checkpoint_mode::off))
        == "at-least-once, limited by checkpoints are off: after a failure the "
           "sources begin anew, and what the sinks have shown comes again");
}
