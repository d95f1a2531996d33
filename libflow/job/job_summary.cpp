#include "libflow/job/job_summary.hpp"

#include <cmath>
#include <utility>

#include "libflow/core/json_writer.hpp"

namespace flow {

namespace {

double to_milliseconds(double seconds) {
  return std::round(seconds * 1000) / 1000;
}

void write_subtask(const std::optional<subtask_statistics>& from,
                   json_writer& out) {
  if (!from) {
    out.null();
    return;
  }
  out.begin_object()
    .member("alignment_us", from->alignment.count())
    .member("sync_us", from->sync.count())
    .member("async_us", from->async.count())
    .member("bytes", from->bytes)
    .end_object();
}

void write_checkpoints(const std::vector<checkpoint_report>& all,
                       json_writer& out) {
  out.key("checkpoints").begin_array();
  for (const auto& each : all) {
    out.begin_object()
      .member("id", each.id)
      .member("status", to_string(each.state))
      .member("us", each.duration.count())
      .member("bytes", each.bytes());
    if (!each.failure.empty())
      out.member("failure", each.failure);
    out.key("subtasks").begin_array();
    for (const auto& subtask : each.subtasks)
      write_subtask(subtask, out);
    out.end_array().end_object();
  }
  out.end_array();
}

} // namespace

std::string to_json(const job_summary& summary, const summary_members& more) {
  json_writer out;
  out.begin_object()
    .member("job", summary.job)
    .member("status", to_string(summary.status))
    .member("records_in", summary.records_in)
    .member("records_out", summary.records_out)
    .member("late_records", summary.late_records)
    .member("skipped_records", summary.skipped_records)
    .member("seconds", to_milliseconds(summary.seconds))
    .member("cpu_seconds", to_milliseconds(summary.cpu_seconds))
    .member("peak_rss_bytes", summary.peak_rss_bytes)
    .member("checkpoints_completed", summary.checkpoints_completed)
    .member("restarts", summary.restarts);
  if (!summary.counters.empty()) {
    out.key("counters").begin_object();
    for (const auto& [name, count] : summary.counters)
      out.member(name, count);
    out.end_object();
  }
  if (!summary.checkpoints.empty())
    write_checkpoints(summary.checkpoints, out);
  if (more)
    more(summary, out);
  out.end_object();
  return std::move(out).take();
}

} // namespace flow
