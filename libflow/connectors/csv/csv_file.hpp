#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libflow/connectors/csv/csv_header.hpp"
#include "libflow/connectors/csv/csv_malformed.hpp"
#include "libflow/connectors/csv/csv_row_parser.hpp"
#include "libflow/connectors/files/file_split.hpp"
#include "libflow/connectors/files/line_numbers.hpp"
#include "libflow/connectors/files/line_reader.hpp"
#include "libflow/core/error.hpp"
#include "libflow/core/file_system.hpp"

namespace flow {

/// What is known of a CSV before its rows are read. A value: the coordinator
/// plans splits of [data_begin, size) from it.
struct csv_file_facts {
  std::string path;
  std::uint64_t size = 0;
  std::uint64_t data_begin = 0; ///< the first byte behind the header
  /// None in a file that is empty (or a byte order mark, or one line's end):
  /// no error, and no rows.
  std::optional<csv_header> header;
};

/// Reads the header of `path`, which has to be a regular file.
expected<csv_file_facts> read_csv_facts(file_system& files,
                                        const std::string& path);

/// What csv_reader::next found.
enum class csv_status {
  row,       ///< row() holds it
  malformed, ///< malformed_row() and malformed_failure() say what is wrong
  end,       ///< the split has no more rows
  failed,    ///< failure() says why; nothing more can be read
};

/// Reads the rows of one split of a CSV after another.
/// Memory: that of line_reader. Cost of a flights row: 30 to 40 ns.
/// Owner: one source reader.
/// @thread its owner's; blocks on the file
class csv_reader {
public:
  /// Opens the file for the needed columns; a header that lacks one, or has
  /// it twice, is an error at line 1.
  static expected<csv_reader> open(file_system& files,
                                   const csv_file_facts& facts,
                                   std::vector<csv_column> columns);

  /// Goes to the split's first row, or on where `progress` stopped.
  expected<void> start(const split_progress& progress) {
    return lines_.start(progress);
  }

  /// The next row. An empty line at the very end of the file is none.
  csv_status next() {
    auto found = lines_.next(line_);
    if (found == line_status::line) [[likely]] {
      if (parser_.parse(line_)) [[likely]]
        return csv_status::row;
      return line_.text.empty() && line_.ends_file ? csv_status::end
                                                   : csv_status::malformed;
    }
    return found == line_status::end ? csv_status::end : csv_status::failed;
  }

  /// The fields, by the index in the list of columns.
  /// @pre next() returned row; valid until the next call
  [[nodiscard]] const csv_row_parser& row() const noexcept { return parser_; }

  /// The row's line as read, without its end.
  [[nodiscard]] std::string_view line() const noexcept { return line_.text; }

  /// Where the next row begins: what a snapshot holds.
  [[nodiscard]] split_progress progress() const noexcept {
    return lines_.progress();
  }

  /// The malformed row with the number of its line in the whole file; counts
  /// the lines before the split once.
  /// @pre next() returned malformed
  expected<csv_malformed_row> malformed_row();

  /// The same as the error that ends the job.
  /// @pre next() returned malformed
  error malformed_failure();

  /// @pre next() returned failed
  [[nodiscard]] const error& failure() const { return lines_.failure(); }

private:
  csv_reader(line_reader lines, csv_row_parser parser)
    : lines_(std::move(lines)), parser_(std::move(parser)) {}

  line_reader lines_;
  csv_row_parser parser_;
  text_line line_;
  line_numbers numbers_;
};

} // namespace flow
