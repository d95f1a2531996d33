#include "libflow/job/job_summary.hpp"

#include <cmath>
#include <utility>

#include "libflow/core/json_writer.hpp"

namespace flow {

namespace {

double to_milliseconds(double seconds) {
  return std::round(seconds * 1000) / 1000;
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
  if (more)
    more(summary, out);
  out.end_object();
  return std::move(out).take();
}

} // namespace flow
