#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "libflow/core/timestamp.hpp"

namespace flow {

/// Appends rows of CSV to a buffer: commas between fields, LF after a row,
/// quotes around a field only if it holds a comma, a quote, CR or LF (or is
/// the only field of its row and empty: an empty line is no row).
/// Owner: one sink subtask or test.
/// @thread its owner's
class csv_writer {
public:
  csv_writer& text(std::string_view field);
  csv_writer& integer(std::int64_t field);
  /// `true` or `false`.
  csv_writer& boolean(bool field);
  /// UTC with Z, milliseconds only where they are not zero.
  csv_writer& time(timestamp field);
  /// number / 10^places with exactly these places (0 to 18).
  csv_writer& decimal(std::int64_t number, unsigned places);
  /// An absent value: an empty field.
  csv_writer& absent() { return text({}); }
  void end_row();
  /// A whole row as it is, with its end.
  /// @pre no row is begun
  void raw_row(std::string_view row);

  /// Whole rows so far, and the one begun.
  [[nodiscard]] std::string_view bytes() const noexcept { return bytes_; }
  /// Empties the buffer and keeps its memory.
  void clear() noexcept;

private:
  void begin_field();

  std::string bytes_;
  std::size_t row_begin_ = 0;
  bool in_row_ = false;
};

/// The time as csv_writer writes it; years -32767 to 32767 (before 0 with a
/// minus, from 10000 with five digits).
void append_iso_time(timestamp time, std::string& to);

/// Appends a row as read, quoted only where needed, with its LF: for rows that
/// are handed on (late rows). A row that cannot be split is handed on as its
/// bytes.
void append_row_as_read(std::string_view line, std::string& to);

} // namespace flow
