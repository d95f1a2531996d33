#include "libflow/metrics/metric_registry.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <tuple>
#include <vector>

namespace flow {

namespace {

// A sample that is absent is not exported.
using sample = std::optional<std::int64_t>;

sample of(const counter& value) {
  return static_cast<std::int64_t>(value.value());
}

sample of(const gauge& value) {
  return value.value();
}

sample if_known(const gauge& value) {
  if (value.value() == min_timestamp)
    return std::nullopt;
  return value.value();
}

// A task with its time split, computed once for all names.
struct task_view {
  const task_metrics& metrics;
  time_split time;
};

using task_sample = sample (*)(const task_view&);
using operator_sample = sample (*)(const operator_metrics&);

constexpr std::array task_names = {
  metric_name{"flow_task_num_records_in_total", "numRecordsIn",
              "Records taken by the first operator of the chain"},
  metric_name{"flow_task_num_records_out_total", "numRecordsOut",
              "Records that left the chain: sent on or written by its sinks"},
  metric_name{"flow_task_num_bytes_in_total", "numBytesIn",
              "Bytes of the records taken"},
  metric_name{"flow_task_num_bytes_out_total", "numBytesOut",
              "Bytes of the records sent on"},
  metric_name{"flow_task_num_bytes_out_remote_total", "",
              "Bytes of the records sent to other processes"},
  metric_name{"flow_task_num_batches_in_total", "numBuffersIn",
              "Batches taken"},
  metric_name{"flow_task_num_batches_out_total", "numBuffersOut",
              "Batches emitted"},
  metric_name{"flow_task_num_late_records_total", "",
              "Records behind the watermark, dropped or put out as late"},
  metric_name{"flow_task_num_skipped_records_total", "",
              "Malformed records left out"},
  metric_name{"flow_task_current_input_watermark_ms", "currentInputWatermark",
              "Event time reached, least over the inputs"},
  metric_name{"flow_task_watermark_alignment_drift_ms",
              "watermarkAlignmentDrift",
              "Event time above that of the slowest source of its group"},
  metric_name{"flow_task_state_bytes", "", "Bytes held in state"},
  metric_name{"flow_task_overdraft_bytes", "",
              "Bytes emitted without credit and waiting for it"},
  metric_name{"flow_task_idle_time_ms_per_second", "idleTimeMsPerSecond",
              "Time without anything to do, over the last second"},
  metric_name{"flow_task_busy_time_ms_per_second", "busyTimeMsPerSecond",
              "Time at work, over the last second"},
  metric_name{"flow_task_backpressured_time_ms_per_second",
              "backPressuredTimeMsPerSecond",
              "Time without credit to emit, over the last second"},
};

constexpr std::array<task_sample, task_names.size()> task_samples = {
  [](const task_view& t) { return of(t.metrics.records_in); },
  [](const task_view& t) { return of(t.metrics.records_out); },
  [](const task_view& t) { return of(t.metrics.bytes_in); },
  [](const task_view& t) { return of(t.metrics.bytes_out); },
  [](const task_view& t) { return of(t.metrics.bytes_out_remote); },
  [](const task_view& t) { return of(t.metrics.batches_in); },
  [](const task_view& t) { return of(t.metrics.batches_out); },
  [](const task_view& t) { return of(t.metrics.late_records); },
  [](const task_view& t) { return of(t.metrics.skipped_records); },
  [](const task_view& t) { return if_known(t.metrics.watermark); },
  [](const task_view& t) { return if_known(t.metrics.watermark_drift); },
  [](const task_view& t) { return of(t.metrics.state_bytes); },
  [](const task_view& t) { return of(t.metrics.overdraft_bytes); },
  [](const task_view& t) { return sample{t.time.idle_ms}; },
  [](const task_view& t) { return sample{t.time.busy_ms}; },
  [](const task_view& t) { return sample{t.time.backpressured_ms}; },
};

constexpr std::array operator_names = {
  metric_name{"flow_operator_num_records_in_total", "numRecordsIn",
              "Records taken by the operator"},
  metric_name{"flow_operator_num_records_out_total", "numRecordsOut",
              "Records emitted by the operator"},
  metric_name{"flow_operator_num_late_records_total", "numLateRecordsDropped",
              "Records behind the watermark, dropped or put out as late"},
  metric_name{"flow_operator_num_skipped_records_total", "",
              "Malformed records left out"},
  metric_name{"flow_operator_current_watermark_ms", "currentOutputWatermark",
              "Event time the operator has reached"},
  metric_name{"flow_operator_state_bytes", "", "Bytes held in state"},
};

constexpr std::array<operator_sample, operator_names.size()> operator_samples =
  {
    [](const operator_metrics& o) { return of(o.records_in); },
    [](const operator_metrics& o) { return of(o.records_out); },
    [](const operator_metrics& o) { return of(o.late_records); },
    [](const operator_metrics& o) { return of(o.skipped_records); },
    [](const operator_metrics& o) { return if_known(o.watermark); },
    [](const operator_metrics& o) { return of(o.state_bytes); },
};

constexpr std::array<std::pair<std::string_view, double>, 5> quantiles = {{
  {"0.5", 0.5},
  {"0.9", 0.9},
  {"0.95", 0.95},
  {"0.99", 0.99},
  {"0.999", 0.999},
}};

std::string escaped(std::string_view text, bool quotes) {
  std::string result;
  for (const char c : text) {
    if (c == '\\')
      result += "\\\\";
    else if (c == '\n')
      result += "\\n";
    else if (c == '"' && quotes)
      result += "\\\"";
    else
      result += c;
  }
  return result;
}

std::string labels_text(const metric_labels& labels,
                        std::string_view name_label) {
  std::string result = "job=\"" + escaped(labels.job, true) + "\",";
  result += name_label;
  result += "=\"" + escaped(labels.name, true) + "\",subtask=\""
            + std::to_string(labels.subtask) + '"';
  return result;
}

void write_head(std::string& out, std::string_view name, std::string_view help,
                std::string_view type) {
  out += "# HELP ";
  out += name;
  out += ' ' + escaped(help, false) + "\n# TYPE ";
  out += name;
  out += ' ';
  out += type;
  out += '\n';
}

void write_sample(std::string& out, std::string_view name,
                  const std::string& labels, const std::string& value) {
  out += name;
  out += '{' + labels + "} " + value + '\n';
}

std::string_view type_of(std::string_view name) {
  return name.ends_with("_total") ? "counter" : "gauge";
}

constexpr std::string_view user_prefix = "flow_user_";

std::string user_name(std::string_view name) {
  std::string result{user_prefix};
  for (const char c : name) {
    const bool allowed = std::isalnum(static_cast<unsigned char>(c)) != 0;
    result += allowed ? c : '_';
  }
  return result;
}

// The families of one kind of user metric; Map is ordered by name first.
template <class Map, class Write>
void write_user_metrics(std::string& out, const Map& metrics,
                        std::string_view type, std::string_view suffix,
                        Write write) {
  std::string last;
  for (const auto& [key, metric] : metrics) {
    const std::string name = key.first + std::string{suffix};
    if (name != last)
      write_head(out, name, "Defined by the job", type);
    last = name;
    write(name, labels_text(key.second, "operator"), *metric);
  }
}

void write_summary(std::string& out, const std::string& name,
                   const std::string& labels, const histogram& metric) {
  const histogram_snapshot values = metric.snapshot();
  for (const auto& [text, fraction] : quantiles)
    write_sample(out, name, labels + ",quantile=\"" + std::string{text} + '"',
                 std::to_string(values.quantile(fraction)));
  write_sample(out, name + "_sum", labels, std::to_string(values.sum()));
  write_sample(out, name + "_count", labels, std::to_string(values.count()));
}

// One family per name: all subtasks of a name stand together.
template <class Names, class Samples, class Views>
void write_families(std::string& out, const Names& names,
                    const Samples& samples, const Views& views) {
  for (std::size_t i = 0; i < names.size() && !views.empty(); ++i) {
    const std::string_view name = names[i].exported;
    write_head(out, name, names[i].help, type_of(name));
    for (const auto& [labels, view] : views)
      if (const sample value = samples[i](view))
        write_sample(out, name, labels, std::to_string(*value));
  }
}

template <class T>
std::shared_ptr<T> get_or_make(
  std::map<std::pair<std::string, metric_labels>, std::shared_ptr<T>>& metrics,
  std::string_view name, const metric_labels& labels) {
  auto& entry = metrics[{user_name(name), labels}];
  if (!entry)
    entry = std::make_shared<T>();
  return entry;
}

} // namespace

std::shared_ptr<task_metrics> metric_registry::task(const metric_labels& labels,
                                                    task_role role,
                                                    time_point now) {
  const std::lock_guard lock{mutex_};
  task_entry& entry = tasks_[labels];
  entry.role = role;
  if (!entry.metrics)
    entry.metrics = std::make_shared<task_metrics>(now);
  return entry.metrics;
}

std::shared_ptr<operator_metrics>
metric_registry::of_operator(const metric_labels& labels) {
  const std::lock_guard lock{mutex_};
  auto& entry = operators_[labels];
  if (!entry)
    entry = std::make_shared<operator_metrics>();
  return entry;
}

std::shared_ptr<counter>
metric_registry::user_counter(std::string_view name,
                              const metric_labels& labels) {
  const std::lock_guard lock{mutex_};
  return get_or_make(user_counters_, name, labels);
}

std::shared_ptr<gauge>
metric_registry::user_gauge(std::string_view name,
                            const metric_labels& labels) {
  const std::lock_guard lock{mutex_};
  return get_or_make(user_gauges_, name, labels);
}

std::shared_ptr<histogram>
metric_registry::user_histogram(std::string_view name,
                                const metric_labels& labels) {
  const std::lock_guard lock{mutex_};
  return get_or_make(user_histograms_, name, labels);
}

void metric_registry::remove_job(std::string_view job) {
  const std::lock_guard lock{mutex_};
  const auto of_job = [&](const auto& entry) { return entry.first.job == job; };
  const auto of_job_named = [&](const auto& entry) {
    return entry.first.second.job == job;
  };
  std::erase_if(tasks_, of_job);
  std::erase_if(operators_, of_job);
  std::erase_if(user_counters_, of_job_named);
  std::erase_if(user_gauges_, of_job_named);
  std::erase_if(user_histograms_, of_job_named);
}

job_totals metric_registry::totals(std::string_view job) const {
  const std::lock_guard lock{mutex_};
  job_totals sum;
  for (const auto& [labels, entry] : tasks_) {
    if (labels.job != job)
      continue;
    const task_metrics& task = *entry.metrics;
    if (entry.role.source)
      sum.records_in += task.records_in.value();
    sum.records_out += task.records_written.value();
    sum.late_records += task.late_records.value();
    sum.skipped_records += task.skipped_records.value();
    sum.state_bytes += task.state_bytes.value();
    sum.overdraft_bytes += task.overdraft_bytes.value();
    const timestamp reached = task.watermark.value();
    if (reached == min_timestamp)
      continue;
    sum.watermark = sum.watermark == min_timestamp
                      ? reached
                      : std::min(sum.watermark, reached);
  }
  for (const auto& [id, each] : user_counters_)
    if (id.second.job == job)
      sum.user_counters[id.first.substr(user_prefix.size())] += each->value();
  return sum;
}

std::string metric_registry::render_prometheus(time_point now) const {
  const std::lock_guard lock{mutex_};
  std::vector<std::pair<std::string, task_view>> tasks;
  for (const auto& [labels, entry] : tasks_)
    tasks.emplace_back(
      labels_text(labels, "task"),
      task_view{*entry.metrics, entry.metrics->time.split(now)});
  std::vector<std::pair<std::string, const operator_metrics&>> operators;
  for (const auto& [labels, metrics] : operators_)
    operators.emplace_back(labels_text(labels, "operator"), *metrics);

  std::string out;
  write_families(out, task_names, task_samples, tasks);
  write_families(out, operator_names, operator_samples, operators);
  const auto write_value = [&](const std::string& name,
                               const std::string& labels, const auto& metric) {
    write_sample(out, name, labels, std::to_string(metric.value()));
  };
  write_user_metrics(out, user_counters_, "counter", "_total", write_value);
  write_user_metrics(out, user_gauges_, "gauge", "", write_value);
  write_user_metrics(
    out, user_histograms_, "summary", "",
    [&](const std::string& name, const std::string& labels,
        const histogram& metric) { write_summary(out, name, labels, metric); });
  return out;
}

std::span<const metric_name> metric_registry::task_metric_names() {
  return task_names;
}

std::span<const metric_name> metric_registry::operator_metric_names() {
  return operator_names;
}

} // namespace flow
