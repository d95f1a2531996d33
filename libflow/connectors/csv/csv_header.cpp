#include "libflow/connectors/csv/csv_header.hpp"

#include <algorithm>

#include "libflow/connectors/csv/csv_writer.hpp"

namespace flow {

std::optional<csv_problem> find_line_problem(const text_line& line) {
  if (line.too_long)
    return csv_problem{max_line_bytes + 1, "the line is longer than 1 MiB"};
  if (line.text.empty())
    return csv_problem{1, "the line is empty"};
  if (line.has_nul)
    if (auto at = line.text.find('\0'); at != std::string_view::npos)
      return csv_problem{at + 1, "a NUL byte"};
  if (line.has_return)
    if (auto at = line.text.find('\r'); at != std::string_view::npos)
      return csv_problem{at + 1, "a carriage return that ends no line"};
  return std::nullopt;
}

error malformed_error(const std::string& path, std::uint64_t line,
                      const csv_problem& problem) {
  return {error_code::malformed_input,
          path + ":" + std::to_string(line) + ": "
            + std::to_string(problem.column) + ": " + problem.reason,
          error_severity::fatal};
}

expected<csv_header> csv_header::parse(const text_line& line,
                                       const std::string& path) {
  if (auto problem = find_line_problem(line))
    return malformed_error(path, 1, *problem);
  csv_row_splitter splitter;
  if (!splitter.split(line.text))
    return malformed_error(path, 1, splitter.problem());
  csv_header result;
  for (const auto& cell : splitter.cells())
    result.names_.emplace_back(cell.text);
  return result;
}

expected<std::size_t> csv_header::find(std::string_view name,
                                       const std::string& path) const {
  auto first = std::find(names_.begin(), names_.end(), name);
  std::string quoted{"'"};
  quoted.append(name).push_back('\'');
  if (first == names_.end())
    return malformed_error(path, 1, {1, "the header has no column " + quoted});
  if (std::find(first + 1, names_.end(), name) != names_.end())
    return malformed_error(
      path, 1, {1, "the header has the column " + quoted + " more than once"});
  return static_cast<std::size_t>(first - names_.begin());
}

std::string csv_header::line() const {
  csv_writer writer;
  for (const auto& name : names_)
    writer.text(name);
  writer.end_row();
  return std::string{writer.bytes()};
}

} // namespace flow
