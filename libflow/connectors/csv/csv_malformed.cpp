#include "libflow/connectors/csv/csv_malformed.hpp"

#include "libflow/connectors/csv/csv_writer.hpp"
#include "libflow/connectors/files/line_reader.hpp"

namespace flow {

std::optional<csv_error_policy> parse_csv_error_policy(std::string_view name) {
  if (name == "fail")
    return csv_error_policy::fail;
  if (name == "skip")
    return csv_error_policy::skip;
  if (name == "dead-letter")
    return csv_error_policy::dead_letter;
  return std::nullopt;
}

void append_dead_letter(const csv_malformed_row& row, std::string& to) {
  std::string shown;
  append_printable(row.row, long_line_head_bytes, shown);
  csv_writer writer;
  writer.text(row.file)
    .integer(static_cast<std::int64_t>(row.line))
    .integer(static_cast<std::int64_t>(row.problem.column))
    .text(row.problem.reason)
    .text(shown)
    .end_row();
  to.append(writer.bytes());
}

} // namespace flow
