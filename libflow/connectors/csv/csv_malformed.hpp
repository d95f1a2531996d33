#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "libflow/connectors/csv/csv_fields.hpp"

namespace flow {

/// What a job does with a row that cannot be read.
enum class csv_error_policy {
  fail,        ///< the job fails with `file:line: column: what`
  skip,        ///< the row is counted
  dead_letter, ///< the row is written to a side output with its reason
};

/// `fail`, `skip` or `dead-letter`; nothing otherwise.
std::optional<csv_error_policy> parse_csv_error_policy(std::string_view name);

/// A row that cannot be read, where it is and why. Owns its texts.
struct csv_malformed_row {
  std::string file;
  std::uint64_t line = 0; ///< from 1 in the whole file; the header is line 1
  csv_problem problem;
  std::string row; ///< its first 1,024 bytes, without the line's end
};

/// Columns of a dead-letter file, as a header line with its end.
inline constexpr std::string_view dead_letter_header =
  "file,line,column,reason,row\n";

/// The row's line of a dead-letter file, with its end.
void append_dead_letter(const csv_malformed_row& row, std::string& to);

} // namespace flow
