#include "actors/subtask/task.hpp"

#include <algorithm>
#include <utility>

#include "libflow/operators/operator.hpp"

/// What a task says of itself.
namespace flow {

namespace {

/// What has been counted since `before`, which becomes `now`.
operator_counts counted_since(operator_counts& before,
                              const operator_counts& now) {
  operator_counts result;
  result.records_in = now.records_in - before.records_in;
  result.records_out = now.records_out - before.records_out;
  result.late_records = now.late_records - before.late_records;
  result.skipped_records = now.skipped_records - before.skipped_records;
  before = now;
  return result;
}

} // namespace

void task::register_metrics(metric_registry& metrics) {
  const std::string& job = place_.graph->job().options().job_name;
  const job_vertex& vertex = place_.vertex();
  metrics_ = metrics.task({job, vertex.name, place_.id.index},
                          {vertex.head().node.kind == operator_kind::source},
                          time_.steady());
  for (const auto& each : vertex.operators)
    operator_metrics_.push_back(
      metrics.of_operator({job, each.name, place_.id.index}));
  published_.resize(chain_.size());
}

void task::publish() {
  operator_counts sum;
  std::size_t state_bytes = 0;
  for (std::size_t i = 0; i < chain_.size(); ++i) {
    const auto more = counted_since(published_[i], chain_.at(i).counts());
    operator_metrics& of = *operator_metrics_[i];
    of.records_in.add(more.records_in);
    of.records_out.add(more.records_out);
    of.late_records.add(more.late_records);
    of.skipped_records.add(more.skipped_records);
    sum.records_in += i == 0 ? more.records_in : 0;
    if (place_.vertex().operators[i].node.kind == operator_kind::sink)
      sum.records_out += more.records_out;
    sum.late_records += more.late_records;
    sum.skipped_records += more.skipped_records;
    const std::size_t bytes = chain_.at(i).state_bytes_all();
    of.state_bytes.set(static_cast<std::int64_t>(bytes));
    state_bytes += bytes;
  }
  metrics_->records_in.add(sum.records_in);
  metrics_->records_out.add(sum.records_out);
  metrics_->records_written.add(sum.records_out);
  metrics_->late_records.add(sum.late_records);
  metrics_->skipped_records.add(sum.skipped_records);
  metrics_->batches_in.add(std::exchange(batches_in_, 0));
  metrics_->bytes_in.add(std::exchange(bytes_in_, 0));
  metrics_->state_bytes.set(static_cast<std::int64_t>(state_bytes));
  std::size_t overdraft = 0;
  for (std::size_t i = 0; i < chain_.port_count(); ++i)
    overdraft += chain_.port(i).channels().overdraft_bytes();
  metrics_->overdraft_bytes.set(static_cast<std::int64_t>(overdraft));
  if (alignment_)
    if (const auto drift = alignment_->drift())
      metrics_->watermark_drift.set(*drift);
}

std::vector<const std::string*> task::operator_names() const {
  std::vector<const std::string*> names;
  for (std::size_t i = 0; i < chain_.size(); ++i)
    names.push_back(&chain_.at(i).name());
  return names;
}

std::optional<double> task::progress() const {
  return is_source() ? chain_.source()->progress() : std::nullopt;
}

std::string task::waiting_for() const {
  for (std::size_t i = 0; i < chain_.port_count(); ++i) {
    const auto& channels = chain_.port(i).channels();
    for (std::size_t c = 0; channels.full() && c < channels.channel_count();
         ++c)
      if (!channels.has_credit(c)) {
        const auto& edge = place_.graph->job().edge(place_.vertex().outputs[i]);
        return "credit of channel " + std::to_string(c) + " to \""
               + place_.graph->job().vertex(edge.to).name + "\"";
      }
  }
  for (std::size_t i = 0; i < chain_.size(); ++i)
    if (chain_.at(i).pending())
      return "room behind \"" + chain_.at(i).name() + "\"";
  if (gate_.buffered_elements() > 0)
    return {};
  if (phase_ == phase::committing)
    return "a checkpoint that commits its end";
  if (is_source() && held_by_rate_)
    return "a timer: the rate limit of its source";
  if (alignment_ && alignment_->held())
    return "sources of its group, whose watermarks are behind";
  if (is_source())
    return source_waits_ ? "its source: no split or no data" : "";
  return "input";
}

std::string task::watermark_holder() const {
  std::optional<std::size_t> holder;
  timestamp lowest = max_timestamp;
  for (std::size_t input = 0; input < valves_.size(); ++input)
    for (std::size_t c = 0; c < gate_.channels_of_input(input); ++c) {
      const auto& valve = valves_[input];
      if (valve.finished(c) || valve.status_of(c) == stream_status::idle
          || valve.watermark_of(c) >= lowest)
        continue;
      lowest = valve.watermark_of(c);
      holder = gate_.first_channel(input) + c;
    }
  if (!holder)
    return {};
  const std::size_t input = gate_.input_of(*holder);
  const auto from = place_.graph->inputs_of(place_.id)[*holder].producer;
  return "input " + std::to_string(input) + " channel "
         + std::to_string(*holder - gate_.first_channel(input)) + ", from \""
         + place_.graph->job().vertex(from.vertex).name + "\" ["
         + std::to_string(from.index) + "]";
}

} // namespace flow
