#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libflow/connectors/csv/csv_fields.hpp"
#include "libflow/connectors/files/line_reader.hpp"
#include "libflow/core/error.hpp"

namespace flow {

/// The names of a CSV's columns, from its first line. A value.
class csv_header {
public:
  /// Takes the first line of `path` apart; whatever is wrong with it is
  /// malformed_input that no restart mends, `path:1: column: what`.
  static expected<csv_header> parse(const text_line& line,
                                    const std::string& path);

  [[nodiscard]] const std::vector<std::string>& names() const noexcept {
    return names_;
  }

  /// The index of the only column of this name; none, or the name twice, is
  /// an error that names `path`.
  [[nodiscard]] expected<std::size_t> find(std::string_view name,
                                           const std::string& path) const;

  /// The header as a line with its end, quoted only where needed.
  [[nodiscard]] std::string line() const;

private:
  std::vector<std::string> names_;
};

/// What is wrong with a whole line, before its fields are looked at: too long,
/// empty, NUL, a CR inside.
std::optional<csv_problem> find_line_problem(const text_line& line);

/// `path:line: column: reason`, fatal: reading it again finds the same.
error malformed_error(const std::string& path, std::uint64_t line,
                      const csv_problem& problem);

} // namespace flow
