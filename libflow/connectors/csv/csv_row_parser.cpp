#include "libflow/connectors/csv/csv_row_parser.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "libflow/connectors/csv/csv_values.hpp"

namespace flow {

namespace {

/// Bytes of a wrong value that its message shows.
constexpr std::size_t shown_value_bytes = 40;

const char* find_comma(const char* at, const char* end) noexcept {
  if (at == end)
    return end;
  const auto* comma = static_cast<const char*>(
    std::memchr(at, ',', static_cast<std::size_t>(end - at)));
  return comma == nullptr ? end : comma;
}

} // namespace

csv_row_parser::action csv_row_parser::action_for(csv_type type) noexcept {
  switch (type) {
  case csv_type::text:
    return action::text;
  case csv_type::integer:
    return action::integer;
  case csv_type::datetime:
    return action::datetime;
  case csv_type::utc_time:
    return action::utc_time;
  }
  return action::skip;
}

expected<csv_row_parser> csv_row_parser::bind(const csv_header& header,
                                              std::vector<csv_column> columns,
                                              const std::string& path) {
  csv_row_parser result;
  result.steps_.resize(header.names().size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    auto at = header.find(columns[i].name, path);
    if (!at)
      return at.error();
    const auto what = action_for(columns[i].type);
    FLOW_ASSERT(result.steps_[*at].what == action::skip,
                "a column is asked for twice");
    result.steps_[*at] = {what, static_cast<std::uint32_t>(i)};
  }
  // One at least: steps that skip point at the first.
  result.values_.resize(std::max<std::size_t>(columns.size(), 1));
  result.columns_ = std::move(columns);
  return result;
}

bool csv_row_parser::parse_plain(std::string_view line) {
  const auto* at = line.data();
  const auto* end = at + line.size();
  if (at == end)
    return false;
  for (const auto* todo = steps_.data();;) {
    auto& field = values_.data()[todo->field];
    switch (todo->what) {
    case action::skip:
      at = find_comma(at, end);
      break;
    case action::text: {
      const auto* stop = find_comma(at, end);
      field.text = {at, static_cast<std::size_t>(stop - at)};
      at = stop;
      break;
    }
    case action::integer:
      at = read_csv_integer(at, end, field.number);
      if (at == nullptr)
        return false;
      break;
    case action::datetime:
    case action::utc_time:
      if (end - at < static_cast<std::ptrdiff_t>(csv_datetime_bytes)
          || !dates_.read(at, field.number))
        return false;
      at += csv_datetime_bytes;
      if (todo->what == action::utc_time && at != end && *at == 'Z')
        ++at;
      break;
    }
    if (++todo == steps_.data() + steps_.size())
      return at == end;
    if (at == end || *at != ',')
      return false;
    ++at;
  }
}

bool csv_row_parser::parse_carefully(const text_line& line) {
  if (auto problem = find_line_problem(line)) {
    problem_ = std::move(*problem);
    return false;
  }
  if (!splitter_.split(line.text)) {
    problem_ = splitter_.problem();
    return false;
  }
  const auto& cells = splitter_.cells();
  if (cells.size() != steps_.size()) {
    auto many = cells.size() > steps_.size();
    problem_ = {many ? cells[steps_.size()].column : line.text.size() + 1,
                "the row has " + std::to_string(cells.size())
                  + (cells.size() == 1 ? " field" : " fields")
                  + ", the header has " + std::to_string(steps_.size())};
    return false;
  }
  for (std::size_t i = 0; i < cells.size(); ++i)
    if (!read_value(cells[i], steps_[i]))
      return false;
  return true;
}

bool csv_row_parser::read_value(const csv_cell& cell, const step& to) {
  const auto* at = cell.text.data();
  const auto* end = at + cell.text.size();
  const char* meant = nullptr;
  switch (to.what) {
  case action::skip:
    return true;
  case action::text:
    values_[to.field].text = cell.text;
    return true;
  case action::integer:
    if (read_csv_integer(at, end, values_[to.field].number) == end && at != end)
      return true;
    meant = "' is not an integer of 1 to 18 digits";
    break;
  case action::utc_time:
    if (cell.text.size() == csv_datetime_bytes + 1 && cell.text.back() == 'Z'
        && dates_.read(at, values_[to.field].number))
      return true;
    [[fallthrough]];
  case action::datetime:
    if (cell.text.size() == csv_datetime_bytes
        && dates_.read(at, values_[to.field].number))
      return true;
    meant = "' is not a date YYYY-MM-DDTHH:MM:SS that exists";
    break;
  }
  problem_ = {cell.column, columns_[to.field].name + ": '"};
  append_printable(cell.text, shown_value_bytes, problem_.reason);
  if (cell.text.size() > shown_value_bytes)
    problem_.reason += "...";
  problem_.reason += meant;
  return false;
}

} // namespace flow
