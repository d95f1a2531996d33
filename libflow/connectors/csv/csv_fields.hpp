#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace flow {

/// What is wrong with a row.
struct csv_problem {
  /// The byte of the line at which it begins, from 1.
  std::size_t column = 1;
  /// What it is, with the column's name where a value is meant.
  std::string reason;

  friend bool operator==(const csv_problem&, const csv_problem&) = default;
};

/// One field of a row.
struct csv_cell {
  std::string_view text;  ///< without quotes around, doubled ones single
  std::size_t column = 1; ///< of its first byte in the line, quotes included
};

/// Takes a line of CSV apart, field by field: the careful way, for headers,
/// rows with quotes and rows with something wrong.
/// Owner: one reader; keeps its memory from row to row.
/// @thread its owner's
class csv_row_splitter {
public:
  /// Splits a line (without its end). False, and problem() says why, when a
  /// quoted field is not closed at the end of the line or is followed by
  /// something other than a comma, or when a field that does not begin with a
  /// quote holds one (so that the second line of a field with a line break in
  /// it is never taken for a row).
  bool split(std::string_view line);

  /// The fields of the last line, at least one; valid until the next call and
  /// as long as the line.
  [[nodiscard]] const std::vector<csv_cell>& cells() const noexcept {
    return cells_;
  }

  /// @pre split() returned false
  [[nodiscard]] const csv_problem& problem() const noexcept { return problem_; }

private:
  bool take_quoted(std::string_view line, std::size_t& at);

  std::vector<csv_cell> cells_;
  std::string unquoted_;
  csv_problem problem_;
};

/// The bytes as text that can be shown: at most `most` of them, control
/// characters and what is not UTF-8 as \xHH (upper case). Cost: per byte.
void append_printable(std::string_view bytes, std::size_t most,
                      std::string& to);

} // namespace flow
