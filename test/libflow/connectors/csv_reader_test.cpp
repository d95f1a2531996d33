#include "libflow/connectors/csv/csv_file.hpp"

#include <array>
#include <map>

#include <doctest/doctest.h>

#include "backends/filesystem/posix_file_system.hpp"
#include "libflow/connectors/files/split_planner.hpp"
#include "test/libflow/connectors/memory_file_system.hpp"

using namespace flow;
using flow::test::memory_file_system;

namespace {

std::vector<csv_column> key_and_count() {
  return {{"key", csv_type::text}, {"n", csv_type::integer}};
}

/// What a job sees of a file read in pieces by so many readers.
struct outcome {
  std::multimap<std::string, std::int64_t> rows;
  std::map<std::uint64_t, std::string> malformed; ///< line -> reason
};

outcome read_all(memory_file_system& files, const std::string& text,
                 std::uint64_t piece = 1 << 20, std::size_t readers = 1) {
  files.put("f.csv", text);
  auto facts = read_csv_facts(files, "f.csv");
  REQUIRE(facts);
  std::vector<csv_reader> pool;
  for (std::size_t i = 0; i < readers; ++i) {
    auto reader = csv_reader::open(files, *facts, key_and_count());
    REQUIRE(reader);
    pool.push_back(std::move(*reader));
  }
  auto planner =
    split_planner::with_piece(facts->data_begin, facts->size, piece);
  outcome found;
  for (std::size_t turn = 0; auto split = planner.next(); ++turn) {
    auto& reader = pool[turn % readers];
    REQUIRE(reader.start(*split));
    for (;;) {
      auto status = reader.next();
      REQUIRE(status != csv_status::failed);
      if (status == csv_status::end)
        break;
      if (status == csv_status::row) {
        found.rows.emplace(reader.row().text(0), reader.row().integer(1));
      } else {
        auto row = reader.malformed_row();
        REQUIRE(row);
        REQUIRE(found.malformed.emplace(row->line, row->problem.reason).second);
      }
    }
  }
  return found;
}

} // namespace

TEST_CASE("an empty file, a mark and a header alone have no rows") {
  memory_file_system files;
  for (const auto* text : {"", "\xEF\xBB\xBF", "\n", "\r\n", "key,n", "key,n\n",
                           "n,key\r\n\r\n"}) {
    auto found = read_all(files, text);
    CHECK(found.rows.empty());
    CHECK(found.malformed.empty());
  }
}

TEST_CASE("rows are the same with a mark, CRLF, quotes and another order") {
  memory_file_system files;
  const std::multimap<std::string, std::int64_t> rows{{"a", 1}, {"b,c", -2}};
  for (const auto* text :
       {"key,n\na,1\n\"b,c\",-2\n", "\xEF\xBB\xBFn,key\n1,a\n-2,\"b,c\"",
        "key,n\r\na,1\r\n\"b,c\",-2\r\n\r\n",
        "x,\"n\",\"key\"\n,\"1\",\"a\"\n\"\"\"\",-2,\"b,c\"\n\n"}) {
    auto found = read_all(files, text);
    CHECK(found.rows == rows);
    CHECK(found.malformed.empty());
  }
}

TEST_CASE("an empty line is malformed but at the very end of the file") {
  memory_file_system files;
  auto found = read_all(files, "key,n\n\na,1\n\n\n");
  CHECK(found.rows.size() == 1);
  CHECK(found.malformed
        == std::map<std::uint64_t, std::string>{{2, "the line is empty"},
                                                {4, "the line is empty"}});
}

TEST_CASE("a line break inside quotes makes its lines malformed") {
  memory_file_system files;
  auto found = read_all(files, "key,n\n\"a\nb\",1\nc,2\n");
  CHECK(found.rows == std::multimap<std::string, std::int64_t>{{"c", 2}});
  CHECK(found.malformed
        == std::map<std::uint64_t, std::string>{
          {2, "the quoted field is not closed in its line"},
          {3, "a quote inside a field without quotes"}});
}

TEST_CASE("pieces of any size give the rows of the whole, with their lines") {
  memory_file_system files;
  std::string text = "n,key\r\n";
  for (int i = 0; i < 40; ++i)
    if (i % 5 == 3)
      text += "x,bad\n";
    else if (i % 7 == 2)
      text.append("\"").append(std::to_string(i)).append("\",\"k,y\"\r\n");
    else
      text.append(std::to_string(i * i)).append(",key\n");
  auto whole = read_all(files, text);
  CHECK(whole.rows.size() == 32);
  CHECK(whole.malformed.size() == 8);
  CHECK(whole.malformed.contains(5));
  for (std::uint64_t piece = 1; piece < text.size(); piece += 3) {
    for (std::size_t readers = 1; readers <= 7; readers += 2) {
      auto found = read_all(files, text, piece, readers);
      REQUIRE(found.rows == whole.rows);
      REQUIRE(found.malformed == whole.malformed);
    }
  }
}

TEST_CASE("a malformed row as an error names file, line, column and reason") {
  memory_file_system files;
  files.put("f.csv", "key,n\na,1\nb,two\n");
  auto facts = read_csv_facts(files, "f.csv");
  auto reader = csv_reader::open(files, *facts, key_and_count());
  REQUIRE(reader->start({{facts->data_begin, facts->size}}));
  CHECK(reader->next() == csv_status::row);
  CHECK(reader->next() == csv_status::malformed);
  auto failure = reader->malformed_failure();
  CHECK(failure.text
        == "f.csv:3: 3: n: 'two' is not an integer of 1 to 18 digits");
  CHECK(failure.code == error_code::malformed_input);
  CHECK(failure.severity == error_severity::fatal);
  CHECK(reader->next() == csv_status::end);
}

TEST_CASE("a missing input, a directory and a path through a file are errors") {
  posix_file_system files;
  auto missing = read_csv_facts(files, "/nowhere/at/all.csv");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == error_code::not_found);
  CHECK(missing.error().text
        == "cannot open /nowhere/at/all.csv: No such file or directory");
  auto directory = read_csv_facts(files, "/");
  REQUIRE_FALSE(directory);
  CHECK(directory.error().text == "cannot open /: Is a directory");
  auto through = read_csv_facts(files, "/etc/passwd/x.csv");
  REQUIRE_FALSE(through);
  CHECK(through.error().text
        == "cannot open /etc/passwd/x.csv: Not a directory");
  auto device = read_csv_facts(files, "/dev/null");
  REQUIRE_FALSE(device);
  CHECK(device.error().code == error_code::invalid_argument);
}

TEST_CASE("a week of real flights has its rows, day by day") {
  posix_file_system files;
  auto facts =
    read_csv_facts(files, "apps/flights/data/flights-2001-week1.csv");
  REQUIRE(facts);
  auto reader = csv_reader::open(files, *facts,
                                 {{"date", csv_type::datetime},
                                  {"origin", csv_type::text},
                                  {"delay", csv_type::integer},
                                  {"distance", csv_type::integer}});
  REQUIRE(reader);
  split_planner planner{facts->data_begin, facts->size, 3};
  std::array<int, 7> per_day{};
  std::map<std::string, int, std::less<>> per_origin;
  int delayed = 0;
  while (auto split = planner.next()) {
    REQUIRE(reader->start(*split));
    while (reader->next() == csv_status::row) {
      const auto& row = reader->row();
      auto day = (row.time(0) - 978307200000) / 86'400'000;
      ++per_day.at(static_cast<std::size_t>(day));
      ++per_origin[std::string{row.text(1)}];
      delayed += row.integer(2) > 15;
    }
  }
  CHECK(per_day == std::array{14828, 16850, 16948, 17065, 16591, 14872, 16339});
  CHECK(per_origin.size() == 223);
  CHECK(per_origin["ORD"] == 6203);
  CHECK(delayed == 28751);
}
