#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "libflow/connectors/csv/csv_fields.hpp"
#include "libflow/connectors/csv/csv_header.hpp"
#include "libflow/connectors/csv/csv_values.hpp"
#include "libflow/connectors/files/line_reader.hpp"
#include "libflow/core/assert.hpp"
#include "libflow/core/error.hpp"
#include "libflow/core/timestamp.hpp"

namespace flow {

/// What the text of a field has to be.
enum class csv_type {
  text,     ///< any bytes but NUL
  integer,  ///< -?[0-9]{1,18}
  datetime, ///< YYYY-MM-DDTHH:MM:SS that exists, as UTC
  utc_time, ///< a datetime, with or without a Z behind it
};

/// A column that is needed.
struct csv_column {
  std::string name;
  csv_type type = csv_type::text;
};

/// Reads the needed columns of row after row. Field i is the i-th column of
/// the list given to bind(), wherever the file has it; other columns are
/// counted and stepped over. No allocation per row, unless it has quotes and
/// is longer than those before. A row of the flights data: about 25 ns.
/// Owner: one reader.
/// @thread its owner's
class csv_row_parser {
public:
  /// Finds the columns in the header; one that is missing or there twice is
  /// an error at `path:1`.
  static expected<csv_row_parser> bind(const csv_header& header,
                                       std::vector<csv_column> columns,
                                       const std::string& path);

  /// Reads a row. False when it is malformed: problem() says why, and the
  /// fields are not to be used.
  bool parse(const text_line& line) {
    if (!line.has_quote && parse_plain(line.text) && !line.has_nul
        && !line.has_return && !line.too_long) [[likely]]
      return true;
    return parse_carefully(line);
  }

  /// @pre field i is an integer, and parse() returned true
  [[nodiscard]] std::int64_t integer(std::size_t i) const noexcept {
    return values_[i].number;
  }

  /// @pre field i is a datetime, and parse() returned true
  [[nodiscard]] timestamp time(std::size_t i) const noexcept {
    return values_[i].number;
  }

  /// Valid until the next parse() and as long as the line.
  /// @pre field i is text, and parse() returned true
  [[nodiscard]] std::string_view text(std::size_t i) const noexcept {
    return values_[i].text;
  }

  /// @pre parse() returned false
  [[nodiscard]] const csv_problem& problem() const noexcept { return problem_; }

private:
  struct value {
    std::string_view text;
    std::int64_t number = 0;
  };

  /// What is done with a column of the file.
  enum class action : std::uint8_t { skip, text, integer, datetime, utc_time };

  struct step {
    action what = action::skip;
    std::uint32_t field = 0;
  };

  csv_row_parser() = default;

  static action action_for(csv_type type) noexcept;

  /// False when anything is not as in a right row without quotes.
  bool parse_plain(std::string_view line);
  bool parse_carefully(const text_line& line);
  bool read_value(const csv_cell& cell, const step& to);

  std::vector<csv_column> columns_;
  std::vector<step> steps_; ///< one for each column of the file
  std::vector<value> values_;
  csv_datetime_reader dates_;
  csv_row_splitter splitter_;
  csv_problem problem_;
};

} // namespace flow
