#include "libflow/job/job_summary.hpp"

#include <doctest/doctest.h>

namespace job_summary_test {

using namespace flow;

TEST_CASE("a summary is one line with exactly its keys, in order") {
  job_summary summary;
  summary.job = "flights";
  summary.status = job_outcome::stopped;
  summary.records_in = 98'765;
  summary.records_out = 4'321;
  summary.late_records = 2;
  summary.skipped_records = 1;
  summary.seconds = 1.23449;
  summary.cpu_seconds = 2;
  summary.peak_rss_bytes = 52'428'800;
  summary.checkpoints_completed = 3;
  summary.restarts = 1;
  CHECK(to_json(summary)
        == R"({"job":"flights","status":"stopped","records_in":98765,)"
           R"("records_out":4321,"late_records":2,"skipped_records":1,)"
           R"("seconds":1.234,"cpu_seconds":2,"peak_rss_bytes":52428800,)"
           R"("checkpoints_completed":3,"restarts":1})");
}

TEST_CASE("the last checkpoints stand behind, with what each subtask spent") {
  job_summary summary;
  auto& one = summary.checkpoints.emplace_back();
  one.id = 7;
  one.state = checkpoint_report::outcome::completed;
  one.duration = std::chrono::milliseconds{5};
  one.subtasks = {subtask_statistics{std::chrono::microseconds{1},
                                     std::chrono::microseconds{2},
                                     std::chrono::microseconds{3}, 4},
                  std::nullopt};
  auto& two = summary.checkpoints.emplace_back();
  two.id = 8;
  two.state = checkpoint_report::outcome::failed;
  two.failure = "expired";
  CHECK(to_json(summary).ends_with(
    R"("checkpoints":[{"id":7,"status":"completed","us":5000,"bytes":4,)"
    R"("subtasks":[{"alignment_us":1,"sync_us":2,"async_us":3,"bytes":4},)"
    R"(null]},{"id":8,"status":"failed","us":0,"bytes":0,)"
    R"("failure":"expired","subtasks":[]}]})"));
}

} // namespace job_summary_test
