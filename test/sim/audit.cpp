#include "test/sim/audit.hpp"

#include <algorithm>
#include <set>
#include <sstream>
#include <utility>

#include "libflow/connectors/files/output_directory.hpp"

namespace flow::sim {

namespace {

using texts = std::vector<std::string>;

/// Of one key: (id, value), in the order of parts, line by line.
using key_rows = std::vector<std::pair<std::int64_t, std::int64_t>>;
using rows_by_key = std::map<std::int64_t, key_rows>;

std::pair<std::uint64_t, std::uint64_t> part_order(const std::string& path) {
  const auto parsed = parse_part_name(path.substr(path.rfind('/') + 1));
  return parsed
           ? std::pair{parsed->id.number, std::uint64_t{parsed->id.subtask}}
           : std::pair<std::uint64_t, std::uint64_t>{};
}

void read_part(const std::string& path, const std::string& text,
               rows_by_key& rows, texts& problems) {
  if (text.empty() || text.back() != '\n')
    problems.push_back(path + " is torn");
  std::istringstream lines{text};
  std::string line;
  std::getline(lines, line); // the header
  while (std::getline(lines, line)) {
    std::ranges::replace(line, ',', ' ');
    std::istringstream fields{line};
    std::vector<std::int64_t> numbers;
    for (std::int64_t number = 0; fields >> number;)
      numbers.push_back(number);
    if (numbers.size() == 3)
      rows[numbers[0]].emplace_back(numbers[1], numbers[2]);
    else
      problems.push_back(path + ": bad line " + line);
  }
}

rows_by_key read_rows(const std::map<std::string, std::string>& files,
                      std::string_view folder, texts& problems) {
  texts paths;
  const auto below = std::string{sim_output} + "/" + std::string{folder} + "/";
  for (const auto& [path, text] : files)
    if (path.starts_with(below + "part-"))
      paths.push_back(path);
  std::ranges::sort(paths, {}, part_order);
  rows_by_key result;
  for (const auto& path : paths)
    read_part(path, files.at(path), result, problems);
  return result;
}

std::string label(const std::string& what, std::int64_t key, std::int64_t id) {
  return what + " of key " + std::to_string(key) + ": " + std::to_string(id);
}

/// Exactly once also means: not more than expected, and in order.
void check_key(const std::string& what, std::int64_t key, const key_rows& found,
               const expected_rows& expected, bool at_least_once,
               std::set<std::pair<std::int64_t, std::int64_t>>& seen,
               texts& problems) {
  std::optional<std::pair<std::int64_t, std::int64_t>> before;
  for (const auto& [id, value] : found) {
    const auto wanted = expected.rows.find({key, id});
    if (wanted == expected.rows.end()) {
      problems.push_back(label(what, key, id) + " is foreign");
      continue;
    }
    const auto exact = wanted->second.exact;
    if (!exact || value == *exact || (at_least_once && value > *exact)) {
      if (!seen.insert({key, id}).second && !at_least_once)
        problems.push_back(label(what, key, id) + " is doubled");
    } else if (!at_least_once) {
      problems.push_back(label(what, key, id) + " is " + std::to_string(value)
                         + ", not " + std::to_string(*exact));
    }
    if (at_least_once)
      continue;
    if (expected.in_order && before && id < before->first)
      problems.push_back(label(what, key, id) + " came after "
                         + std::to_string(before->first));
    if (expected.rising && before && value < before->second)
      problems.push_back(label(what, key, id) + " fell from "
                         + std::to_string(before->second) + " to "
                         + std::to_string(value));
    before = {id, value};
  }
}

void check_rows(const std::string& what, const rows_by_key& found,
                const expected_rows& expected, bool at_least_once,
                texts& problems) {
  std::set<std::pair<std::int64_t, std::int64_t>> seen;
  for (const auto& [key, rows] : found)
    check_key(what, key, rows, expected, at_least_once, seen, problems);
  for (const auto& [place, wanted] : expected.rows)
    if (wanted.certain && !seen.contains(place))
      problems.push_back(label(what, place.first, place.second) + " is lost");
}

/// All numbers of all keys; the value is the attempt that passed them on.
expected_rows all_numbers(const sim_job& job) {
  expected_rows result;
  for (std::int64_t key = 0; key < job.numbers.keys; ++key)
    for (std::int64_t seq = 0; seq < job.numbers.per_key; ++seq)
      result.rows[{key, seq}] = {};
  result.in_order = true;
  return result;
}

} // namespace

std::vector<std::string> audit(const sim_job& job,
                               const std::map<std::string, std::string>& files,
                               const std::vector<branch_row>& stored) {
  texts problems;
  check_rows("number", read_rows(files, results_folder, problems),
             all_numbers(job), job.at_least_once, problems);
  auto second = read_rows(files, second_folder, problems);
  for (const auto& row : stored)
    second[row.key].emplace_back(row.id, row.value);
  check_rows(std::string{branch_names[static_cast<std::size_t>(job.second)]},
             second, rows_of({job.second, job.numbers, job.at_least_once}),
             job.at_least_once, problems);
  return problems;
}

} // namespace flow::sim
