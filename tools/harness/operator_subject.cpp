#include "tools/harness/operator_subject.hpp"

#include <algorithm>
#include <utility>

namespace flow::harness {

namespace {

testing::harness_options options_at(testing::harness_options options,
                                    const placement& where) {
  options.subtask_index = where.index;
  options.parallelism = where.parallelism;
  options.max_parallelism = where.max_parallelism;
  return options;
}

void check(const expected<void>& done) {
  if (!done)
    throw refusal(done.error().text);
}

item item_of(const value& record, timestamp stamp, bool passed_on) {
  return {item::kind::record, record, stamp, {}, passed_on};
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

} // namespace

value record_of(const value& key, const value& payload) {
  return value::map{{"key", key}, {"value", payload}};
}

operator_subject::operator_subject(operator_plan plan, const placement& where)
  : plan_(std::move(plan)),
    harness_(plan_.make, options_at(plan_.options, where)) {
  check(harness_.opened());
  for (const auto& tag : plan_.sides)
    harness_.consume(output_tag<value>{tag});
  for (const auto& tag : plan_.late_sides)
    harness_.consume(output_tag<value>{tag});
}

void operator_subject::push(std::span<const element> elements,
                            testing::channel_id at) {
  std::vector<testing::emitted<value>> records;
  records.reserve(elements.size());
  for (const element& each : elements)
    records.push_back({record_of(each.key, each.payload), each.stamp});
  check(harness_.push_batch(std::span<const testing::emitted<value>>{records},
                            at.input));
}

void operator_subject::watermark(timestamp mark, testing::channel_id at) {
  check(harness_.watermark(mark, at));
}

void operator_subject::status(stream_status status, testing::channel_id at) {
  check(harness_.status(status, at));
}

void operator_subject::processing_time(timestamp now) {
  check(harness_.set_processing_time(now));
}

void operator_subject::end_input(testing::channel_id at) {
  check(harness_.end_input(at));
}

std::vector<item> operator_subject::take() {
  std::vector<item> result;
  for (const auto& one : harness_.take()) {
    if (const auto* record = std::get_if<testing::emitted<value>>(&one))
      result.push_back(item_of(record->value, record->stamp, plan_.passes_on));
    else if (const auto* mark = std::get_if<testing::emitted_watermark>(&one))
      result.push_back({item::kind::watermark, {}, mark->mark, {}, false});
    else
      result.push_back({item::kind::status,
                        {},
                        min_timestamp,
                        std::get<stream_status>(one),
                        false});
  }
  return result;
}

std::vector<item> operator_subject::take_side(const std::string& tag) {
  std::vector<item> result;
  for (const auto& one : harness_.take_side(output_tag<value>{tag}))
    if (const auto* record = std::get_if<testing::emitted<value>>(&one))
      result.push_back(
        item_of(record->value, record->stamp, contains(plan_.late_sides, tag)));
  return result;
}

operator_snapshot operator_subject::snapshot() {
  auto taken = harness_.snapshot();
  if (!taken)
    throw refusal(taken.error().text);
  return std::move(*taken);
}

void operator_subject::restore(std::span<const operator_snapshot> parts,
                               const std::function<void(subject&)>& first) {
  check(harness_.restore(parts, [&] {
    if (first)
      first(*this);
  }));
}

std::vector<std::string> operator_subject::side_tags() const {
  std::vector<std::string> result = plan_.sides;
  result.insert(result.end(), plan_.late_sides.begin(), plan_.late_sides.end());
  return result;
}

timer_numbers operator_subject::timers() {
  const auto counts = harness_.op().timers();
  return {counts.event, counts.processing};
}

std::uint64_t operator_subject::dropped() {
  return harness_.counts().late_dropped;
}

} // namespace flow::harness
