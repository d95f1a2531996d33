#include "tools/harness/assigners.hpp"

#include <stdexcept>

namespace flow::harness {

namespace {

duration_ms span_of(const value& description, const char* name) {
  const value& found = description[name];
  return duration_ms{found.is_null() ? 0 : found.as_int()};
}

template <class T>
T accepted(expected<T> made) {
  if (!made)
    throw refusal(made.error().text);
  return *made;
}

case_assigner::choice choose(const value& description) {
  const std::string& type = description["type"].as_text();
  const auto domain = description["time"] == value{"processing"}
                        ? time_domain::processing
                        : time_domain::event;
  const auto offset = span_of(description, "offset_ms");
  const auto size = span_of(description, "size_ms");
  const auto gap = span_of(description, "gap_ms");
  if (type == "tumbling")
    return accepted(sliding_windows::make_tumbling(size, offset, domain));
  if (type == "sliding")
    return accepted(sliding_windows::make(
      size, span_of(description, "slide_ms"), offset, domain));
  if (type == "session")
    return accepted(session_windows::make(gap, domain));
  if (type == "dynamic_session")
    return dynamic_session_windows<gap_by_rules>{
      {description["gap_rules"].as_list()}, domain};
  if (type == "session_with_points")
    return sessions_with_points{gap, description["point_value"], domain};
  if (type == "global")
    return global_windows{};
  throw unknown_feature("the assigner \"" + type + "\" is not known");
}

} // namespace

duration_ms gap_by_rules::operator()(const value& record) const {
  for (const value& rule : rules) {
    const bool key_fits =
      rule.find("key") == nullptr || rule["key"] == record["key"];
    const bool value_fits =
      rule.find("value") == nullptr || rule["value"] == record["value"];
    if (key_fits && value_fits)
      return duration_ms{rule["gap_ms"].as_int()};
  }
  throw std::invalid_argument("no rule gives the gap of " + record.dump());
}

case_assigner::case_assigner(const value& description)
  : chosen_(choose(description)) {}

time_domain case_assigner::domain() const {
  return std::visit([](const auto& one) { return one.domain(); }, chosen_);
}

bool case_assigner::is_merging() const {
  return std::visit(
    [](const auto& one) { return std::decay_t<decltype(one)>::merges; },
    chosen_);
}

} // namespace flow::harness
