#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>
#include <optional>
#include <unordered_map>

#include "apps/nexmark/changes.hpp"
#include "apps/nexmark/commands.hpp"
#include "libflow/connectors/files/output_directory.hpp"
#include "libflow/flow.hpp"

namespace nexmark {

namespace {

constexpr std::string_view op_column = "op,";

flow::error damaged(const std::string& path, const std::string& what) {
  return {flow::error_code::corrupt_data, path + ": " + what};
}

/// Folds the parts of a directory, in the order of writing.
class table {
public:
  flow::expected<void> read(flow::file_system& files,
                            const std::string& folder) {
    const auto entries = files.list(folder);
    if (!entries)
      return entries.error();
    std::map<std::pair<std::uint64_t, std::uint32_t>, std::string> parts;
    for (const auto& each : *entries) {
      const auto part = flow::parse_part_name(each.name);
      if (part && !part->hidden)
        parts.emplace(std::pair{part->id.number, part->id.subtask},
                      folder + "/" + each.name);
      else if (each.kind == flow::file_kind::directory)
        if (auto done = read(files, folder + "/" + each.name); !done)
          return done;
    }
    for (const auto& [order, path] : parts)
      if (auto done = read_part(files, path); !done)
        return done;
    return {};
  }

  /// Header and rows, sorted as bytes. Errors: a row was taken back more often
  /// than it was put in.
  flow::expected<std::vector<std::string>> lines() const {
    std::vector<std::string> result;
    for (const auto& [row, count] : rows_) {
      if (count < 0)
        return damaged("results", "this row is taken back and was never put "
                                  "in: "
                                    + row);
      result.insert(result.end(), static_cast<std::size_t>(count), row);
    }
    std::sort(result.begin(), result.end());
    if (header_)
      result.insert(result.begin(),
                    header_->substr(is_changelog_ ? op_column.size() : 0));
    return result;
  }

private:
  flow::expected<void> read_part(flow::file_system& files,
                                 const std::string& path) {
    auto file = files.open(path);
    if (!file)
      return file.error();
    const auto size = (*file)->size();
    if (!size)
      return size.error();
    std::string text(*size, '\0');
    const auto got = (*file)->read_at(0, text.data(), text.size());
    if (!got)
      return got.error();
    text.resize(*got);
    bool is_header = true;
    for (std::string_view rest = text; !rest.empty();) {
      const auto end = end_of_row(rest);
      if (end == rest.npos)
        return damaged(path, "its last row has no end");
      const auto row = rest.substr(0, end);
      rest.remove_prefix(end + 1);
      if (auto done = is_header ? take_header(row, path) : take(row, path);
          !done)
        return done;
      is_header = false;
    }
    return {};
  }

  /// The first line end that does not stand in quotes.
  static std::size_t end_of_row(std::string_view text) {
    bool quoted = false;
    for (std::size_t at = text.find_first_of("\"\n"); at != text.npos;
         at = text.find_first_of("\"\n", at + 1)) {
      if (text[at] == '"')
        quoted = !quoted;
      else if (!quoted)
        return at;
    }
    return text.npos;
  }

  flow::expected<void> take_header(std::string_view line,
                                   const std::string& path) {
    if (!header_) {
      header_ = line;
      is_changelog_ = line.starts_with(op_column);
    }
    if (line != *header_)
      return damaged(path, "its header is not that of the other parts");
    return {};
  }

  flow::expected<void> take(std::string_view line, const std::string& path) {
    int sign = 1;
    if (is_changelog_) {
      const auto op = line.substr(0, line.find(','));
      const std::array all{change::insert, change::update_before,
                           change::update_after, change::erase};
      const auto what = std::find_if(all.begin(), all.end(), [&](change each) {
        return to_string(each) == op;
      });
      if (what == all.end() || op.size() == line.size())
        return damaged(path, "a row begins with none of +I, -U, +U, -D: "
                               + std::string{line.substr(0, 80)});
      sign = adds(*what) ? 1 : -1;
      line.remove_prefix(op.size() + 1);
    }
    const auto place = rows_.try_emplace(std::string{line}, 0).first;
    place->second += sign;
    if (place->second == 0)
      rows_.erase(place);
    return {};
  }

  std::optional<std::string> header_;
  bool is_changelog_ = false;
  std::unordered_map<std::string, std::int64_t> rows_;
};

constexpr std::string_view help =
  "usage: nexmark materialize DIR\n\n"
  "Prints the final table that the results in DIR describe, as CSV with its\n"
  "rows sorted: those of a changelog folded (+I and +U put a row in, -U and\n"
  "-D take it out), those of other queries as they are.\n";

} // namespace

int materialize(int argc, char** argv) {
  const std::string_view argument = argc == 2 ? argv[1] : "";
  if (argument == "--help" || argument == "-h") {
    std::cout << help;
    return flow::to_int(flow::exit_code::ok);
  }
  if (argument.empty() || argument.starts_with('-')) {
    std::cerr << help;
    return flow::to_int(flow::exit_code::usage);
  }
  table result;
  const auto folder =
    std::string{argument} + "/" + std::string{flow::results_folder};
  const auto done = result.read(*flow::local_files(), folder);
  const auto lines = done
                       ? result.lines()
                       : flow::expected<std::vector<std::string>>{done.error()};
  if (!lines) {
    std::cerr << "nexmark materialize: " << lines.error().text << '\n';
    return flow::to_int(flow::exit_code_of(lines.error().code));
  }
  for (const auto& each : *lines)
    std::cout << each << '\n';
  std::cout.flush();
  return flow::to_int(flow::exit_code::ok);
}

} // namespace nexmark
