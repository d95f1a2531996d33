#include "libflow/metrics/metric_registry.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

namespace metric_registry_test {

using namespace flow;
using namespace std::chrono_literals;

namespace {

bool has_line(const std::string& text, const std::string& line) {
  const std::string whole = line + "\n";
  if (text.starts_with(whole))
    return true;
  std::string later = "\n";
  later += whole;
  return text.find(later) != std::string::npos;
}

std::string text_of_file(const std::string& path) {
  std::ifstream file{path};
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

} // namespace

TEST_CASE("a restarted subtask goes on counting") {
  metric_registry registry;
  const metric_labels labels{"flights", "map", 1};
  registry.task(labels, {}, 0s)->records_in.add(3);
  registry.task(labels, {}, 9s)->records_in.add(4);
  CHECK(registry.task(labels, {}, 9s)->records_in.value() == 7);
  registry.of_operator(labels)->records_out.add(1);
  registry.of_operator(labels)->records_out.add(1);
  CHECK(registry.of_operator(labels)->records_out.value() == 2);
}

TEST_CASE("a job's totals come from its sources and its sinks") {
  metric_registry registry;
  const auto source = registry.task({"a", "source", 0}, {true}, 0s);
  const auto middle = registry.task({"a", "window", 0}, {}, 0s);
  const auto sink = registry.task({"a", "sink", 0}, {}, 0s);
  const auto other = registry.task({"b", "source", 0}, {true}, 0s);
  source->records_in.add(100);
  source->records_out.add(99);
  middle->records_in.add(99);
  middle->late_records.add(5);
  source->skipped_records.add(1);
  sink->records_written.add(10);
  other->records_in.add(1000);
  source->watermark.set(70);
  middle->watermark.set(60);
  middle->state_bytes.set(4096);
  const job_totals totals = registry.totals("a");
  CHECK(totals.records_in == 100);
  CHECK(totals.records_out == 10);
  CHECK(totals.late_records == 5);
  CHECK(totals.skipped_records == 1);
  CHECK(totals.state_bytes == 4096);
  CHECK(totals.watermark == 60);
  CHECK(registry.totals("nobody").watermark == min_timestamp);
}

TEST_CASE("the text has one family per name and one line per subtask") {
  metric_registry registry;
  const metric_labels second{"flights", "source -> map", 1};
  registry.task(second, {}, 0s)->records_in.add(42);
  registry.task({"flights", "source -> map", 0}, {}, 0s)->records_in.add(7);
  const std::string text = registry.render_prometheus(2s);
  const std::string head =
    "# HELP flow_task_num_records_in_total Records taken by the first "
    "operator of the chain\n# TYPE flow_task_num_records_in_total counter\n";
  CHECK(text.starts_with(
    head
    + "flow_task_num_records_in_total{job=\"flights\",task=\"source -> "
      "map\",subtask=\"0\"} 7\n"
      "flow_task_num_records_in_total{job=\"flights\",task=\"source -> "
      "map\",subtask=\"1\"} 42\n"));
  CHECK(has_line(text, "flow_task_idle_time_ms_per_second{job=\"flights\","
                       "task=\"source -> map\",subtask=\"1\"} 1000"));
  CHECK(has_line(text, "# TYPE flow_task_state_bytes gauge"));
  CHECK(text.ends_with('\n'));
}

TEST_CASE("a watermark that has not begun is not exported") {
  metric_registry registry;
  const auto task = registry.task({"j", "t", 0}, {}, 0s);
  const std::string sample = "\nflow_task_current_input_watermark_ms{";
  CHECK(registry.render_prometheus(1s).find(sample) == std::string::npos);
  task->watermark.set(-5);
  CHECK(has_line(registry.render_prometheus(1s),
                 "flow_task_current_input_watermark_ms{job=\"j\",task=\"t\","
                 "subtask=\"0\"} -5"));
}

TEST_CASE("labels are escaped") {
  metric_registry registry;
  (void)registry.of_operator({"a\"b", "c\\d\ne", 0});
  CHECK(has_line(registry.render_prometheus(1s),
                 "flow_operator_num_records_in_total{job=\"a\\\"b\","
                 "operator=\"c\\\\d\\ne\",subtask=\"0\"} 0"));
}

TEST_CASE("metrics of the author appear under their own names") {
  metric_registry registry;
  const metric_labels labels{"j", "map", 2};
  registry.user_counter("bad.rows", labels)->add(3);
  registry.user_gauge("queue", labels)->set(-1);
  const auto sizes = registry.user_histogram("size", labels);
  for (std::uint64_t v = 1; v <= 10; ++v)
    sizes->add(v);
  const std::string tags = "{job=\"j\",operator=\"map\",subtask=\"2\"";
  const std::string text = registry.render_prometheus(1s);
  CHECK(has_line(text, "# TYPE flow_user_bad_rows_total counter"));
  CHECK(has_line(text, "flow_user_bad_rows_total" + tags + "} 3"));
  CHECK(has_line(text, "flow_user_queue" + tags + "} -1"));
  CHECK(has_line(text, "# TYPE flow_user_size summary"));
  CHECK(has_line(text, "flow_user_size" + tags + ",quantile=\"0.5\"} 5"));
  CHECK(has_line(text, "flow_user_size_sum" + tags + "} 55"));
  CHECK(has_line(text, "flow_user_size_count" + tags + "} 10"));
}

TEST_CASE("a removed job is forgotten, whoever still counts") {
  metric_registry registry;
  const auto task = registry.task({"gone", "t", 0}, {true}, 0s);
  const auto stays = registry.task({"stays", "t", 0}, {true}, 0s);
  registry.remove_job("gone");
  task->records_in.add(1);
  stays->records_in.add(1);
  CHECK(registry.totals("gone").records_in == 0);
  CHECK(registry.totals("stays").records_in == 1);
  CHECK(registry.render_prometheus(1s).find("gone") == std::string::npos);
}

TEST_CASE("no metrics give an empty text") {
  CHECK(metric_registry{}.render_prometheus(1s).empty());
}

TEST_CASE("docs/metrics.md names every metric and what Flink calls it") {
  const std::string page = text_of_file("docs/metrics.md");
  const auto check = [&](const metric_name& name) {
    std::string flink = "-";
    if (!name.flink.empty())
      flink.assign("`").append(name.flink).append("`");
    std::string row = "| `";
    row.append(name.exported).append("` | ").append(flink);
    row.append(" | ").append(name.help).append(" |");
    CAPTURE(row);
    CHECK(has_line(page, row));
  };
  for (const metric_name& name : metric_registry::task_metric_names())
    check(name);
  for (const metric_name& name : metric_registry::operator_metric_names())
    check(name);
}

} // namespace metric_registry_test
