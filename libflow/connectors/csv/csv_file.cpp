#include "libflow/connectors/csv/csv_file.hpp"

#include <utility>

namespace flow {

expected<csv_file_facts> read_csv_facts(file_system& files,
                                        const std::string& path) {
  auto file = files.open(path);
  if (!file)
    return file.error();
  auto kind = files.kind_of(path);
  if (!kind)
    return kind.error();
  if (*kind != file_kind::regular)
    return error{error_code::invalid_argument,
                 path
                   + ": not a regular file, whose parts can be read on "
                     "their own",
                 error_severity::fatal};
  auto size = (*file)->size();
  if (!size)
    return size.error();
  csv_file_facts facts{path, *size, *size, std::nullopt};
  line_reader lines{std::move(*file), path, *size};
  if (auto done = lines.start({{0, *size}}); !done)
    return done.error();
  text_line line;
  switch (lines.next(line)) {
  case line_status::failed:
    return lines.failure();
  case line_status::end:
    return facts;
  case line_status::line:
    break;
  }
  if (line.text.empty() && line.ends_file)
    return facts;
  auto header = csv_header::parse(line, path);
  if (!header)
    return header.error();
  facts.header = std::move(*header);
  facts.data_begin = lines.progress().offset;
  return facts;
}

expected<csv_reader> csv_reader::open(file_system& files,
                                      const csv_file_facts& facts,
                                      std::vector<csv_column> columns) {
  // A file without a header has no rows to ask for.
  auto parser = csv_row_parser::bind(
    facts.header.value_or(csv_header{}),
    facts.header ? std::move(columns) : std::vector<csv_column>{}, facts.path);
  if (!parser)
    return parser.error();
  auto file = files.open(facts.path);
  if (!file)
    return file.error();
  return csv_reader{line_reader{std::move(*file), facts.path, facts.size},
                    std::move(*parser)};
}

expected<csv_malformed_row> csv_reader::malformed_row() {
  auto number = numbers_.at(lines_.file(), line_.offset);
  if (!number)
    return number.error();
  return csv_malformed_row{
    lines_.path(), *number, parser_.problem(),
    std::string{line_.text.substr(0, long_line_head_bytes)}};
}

error csv_reader::malformed_failure() {
  auto row = malformed_row();
  return row ? malformed_error(row->file, row->line, row->problem)
             : row.error();
}

} // namespace flow
