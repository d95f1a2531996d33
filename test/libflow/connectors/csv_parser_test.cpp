#include "libflow/connectors/csv/csv_row_parser.hpp"

#include <doctest/doctest.h>

#include "libflow/connectors/csv/csv_malformed.hpp"

using namespace flow;
using namespace std::string_literals;

namespace {

text_line line_of(std::string_view text) {
  text_line line;
  line.text = text;
  line.has_nul = text.find('\0') != std::string_view::npos;
  line.has_quote = text.find('"') != std::string_view::npos;
  line.has_return = text.find('\r') != std::string_view::npos;
  return line;
}

csv_row_parser parser_for(std::string_view header_line,
                          std::vector<csv_column> columns = {
                            {"date", csv_type::datetime},
                            {"delay", csv_type::integer},
                            {"origin", csv_type::text}}) {
  auto header = csv_header::parse(line_of(header_line), "f.csv");
  REQUIRE(header);
  auto parser = csv_row_parser::bind(*header, std::move(columns), "f.csv");
  REQUIRE(parser);
  return std::move(*parser);
}

csv_problem problem_of(std::string_view row) {
  auto parser = parser_for("date,delay,origin");
  REQUIRE_FALSE(parser.parse(line_of(row)));
  return parser.problem();
}

bool reads(std::string_view row) {
  return parser_for("date,delay,origin").parse(line_of(row));
}

} // namespace

TEST_CASE("needed columns are found by name in any order, others are ignored") {
  auto parser = parser_for("x,origin,\"delay\",y,date");
  REQUIRE(
    parser.parse(line_of("bad \xff,DFW,-5,not a number,2001-01-01T00:01:00")));
  CHECK(parser.time(0) == 978307260000);
  CHECK(parser.integer(1) == -5);
  CHECK(parser.text(2) == "DFW");
}

TEST_CASE("quoted fields hold commas and doubled quotes, needed or not") {
  auto parser = parser_for("x,origin,delay,date");
  REQUIRE(parser.parse(
    line_of(R"("a,""b""","D ""F"", W","12","2001-01-01T00:00:00")")));
  CHECK(parser.text(1 + 1) == "D \"F\", W");
  CHECK(parser.integer(1) == 12);
  REQUIRE(parser.parse(line_of(R"("","a""b",1,2001-01-01T00:00:00)")));
  CHECK(parser.text(2) == "a\"b");
}

TEST_CASE("a row with another number of fields is malformed") {
  CHECK(problem_of("2001-01-01T00:00:00,1")
        == csv_problem{22, "the row has 2 fields, the header has 3"});
  CHECK(problem_of("2001-01-01T00:00:00,1,a,b")
        == csv_problem{25, "the row has 4 fields, the header has 3"});
  CHECK(problem_of("x").reason == "the row has 1 field, the header has 3");
  CHECK(problem_of("2001-01-01T00:00:00,1,\"a\",").column == 27);
  CHECK(reads("2001-01-01T00:00:00,1,"));
}

TEST_CASE("a quote that its line does not close is malformed") {
  CHECK(problem_of("2001-01-01T00:00:00,1,\"a")
        == csv_problem{23, "the quoted field is not closed in its line"});
  CHECK(problem_of("2001-01-01T00:00:00,1,\"a\"\"").column == 23);
  CHECK(problem_of("2001-01-01T00:00:00,1,\"a\"b")
        == csv_problem{26, "text after the closing quote of a field"});
  CHECK(problem_of("2001-01-01T00:00:00,1,a\"")
        == csv_problem{24, "a quote inside a field without quotes"});
}

TEST_CASE("an empty line, a NUL and a line that is too long are malformed") {
  CHECK(problem_of("") == csv_problem{1, "the line is empty"});
  CHECK(problem_of("2001-01-01T00:00:00,1,a\0"s)
        == csv_problem{24, "a NUL byte"});
  for (const auto* row :
       {"2001-01-01T00:01:00,5,L\rS", "2001-01-01T00:01:00,5,\"\r\""})
    CHECK(problem_of(row).reason == "a carriage return that ends no line");
  auto parser = parser_for("date,delay,origin");
  auto line = line_of("2001-01-01T00:00:00,1,a");
  line.too_long = true;
  CHECK_FALSE(parser.parse(line));
  CHECK(parser.problem().column == (1 << 20) + 1);
}

TEST_CASE("numbers are an optional minus and 1 to 18 digits") {
  auto with = [](const std::string& number) {
    return reads("2001-01-01T00:00:00," + number + ",a");
  };
  for (const auto* good : {"0", "-0", "007", "-7", "999999999999999999",
                           "-999999999999999999", "\"5\""})
    CHECK_MESSAGE(with(good), good);
  for (const auto* bad :
       {"", "-", "+1", " 1", "1 ", "1.0", "1e3", "0x1", "--1", "NA", "\"\"",
        "1000000000000000000", "\"1\n\"", "\xD9\xA1"})
    CHECK_MESSAGE(!with(bad), bad);
  CHECK(
    problem_of("2001-01-01T00:00:00,1x\x01,a")
    == csv_problem{21, "delay: '1x\\x01' is not an integer of 1 to 18 digits"});
}

TEST_CASE("dates are exact and exist") {
  auto with = [](const std::string& date) { return reads(date + ",1,a"); };
  for (const auto* good :
       {"2000-02-29T00:00:00", "1999-12-31T23:59:59", "0000-01-01T00:00:00",
        "9999-12-31T23:59:59", "\"2001-01-01T00:00:00\""})
    CHECK_MESSAGE(with(good), good);
  for (const auto* bad : {"",
                          "2001-02-30T00:00:00",
                          "2001-02-29T00:00:00",
                          "1900-02-29T00:00:00",
                          "2001-00-01T00:00:00",
                          "2001-13-01T00:00:00",
                          "2001-01-00T00:00:00",
                          "2001-04-31T00:00:00",
                          "2001-01-01T24:00:00",
                          "2001-01-01T25:00:00",
                          "2001-01-01T00:60:00",
                          "2001-01-01T00:00:60",
                          "2001-01-01 00:00:00",
                          "2001-01-01T00:00",
                          "2001-01-01T00:00:00Z",
                          "2001-1-1T00:00:00",
                          "2001-01-01T00:00:0x",
                          "20010101T000000",
                          "2001-01-01t00:00:00",
                          "-001-01-01T00:00:00",
                          " 2001-01-01T00:00:00"})
    CHECK_MESSAGE(!with(bad), bad);
  CHECK(problem_of("2001-02-30T00:00:00,1,a")
        == csv_problem{1, "date: '2001-02-30T00:00:00' is not a date "
                          "YYYY-MM-DDTHH:MM:SS that exists"});
}

TEST_CASE("a header that lacks a needed column is an error at line 1") {
  auto header = csv_header::parse(line_of("date,origin,x,x"), "f.csv");
  REQUIRE(header);
  auto lacking =
    csv_row_parser::bind(*header, {{"delay", csv_type::integer}}, "f.csv");
  REQUIRE_FALSE(lacking);
  CHECK(lacking.error().text == "f.csv:1: 1: the header has no column 'delay'");
  CHECK(lacking.error().severity == error_severity::fatal);
  auto twice = csv_row_parser::bind(*header, {{"x", csv_type::text}}, "f.csv");
  REQUIRE_FALSE(twice);
  CHECK(twice.error().text
        == "f.csv:1: 1: the header has the column 'x' more than once");
  // Further columns are ignored, even those of one name.
  CHECK(csv_row_parser::bind(*header, {{"date", csv_type::text}}, "f.csv"));
  auto open = csv_header::parse(line_of("date,\"origin"), "f.csv");
  REQUIRE_FALSE(open);
  CHECK(open.error().text
        == "f.csv:1: 6: the quoted field is not closed in its line");
}

TEST_CASE("a dead letter shows what cannot be printed as hexadecimal bytes") {
  std::string out;
  csv_malformed_row row;
  row.file = "f.csv";
  row.line = 7;
  row.problem.column = 3;
  row.problem.reason = "why, so";
  row.row = "a,\"b\x01\x7f\xff\xc3\xa9\r";
  append_dead_letter(row, out);
  CHECK(out
        == "f.csv,7,3,\"why, so\",\"a,\"\"b\\x01\\x7F\\xFF\xc3\xa9\\x0D\"\n");
  out.clear();
  // Cut after 1,024 bytes, in the middle of a character.
  row.problem.reason = "why";
  row.row = std::string(1023, 'x') + "\xc3\xa9 more";
  append_dead_letter(row, out);
  CHECK(out == "f.csv,7,3,why," + std::string(1023, 'x') + "\\xC3\n");
}

TEST_CASE("overlong forms and surrogates are not UTF-8") {
  std::string out;
  append_printable("\xc0\x80|\xed\xa0\x80|\xf4\x90\x80\x80|\xf0\x9f\x98\x80",
                   100, out);
  CHECK(out
        == "\\xC0\\x80|\\xED\\xA0\\x80|\\xF4\\x90\\x80\\x80|\xf0\x9f\x98\x80");
}

TEST_CASE("error policies have the names of the command line") {
  CHECK(parse_csv_error_policy("fail") == csv_error_policy::fail);
  CHECK(parse_csv_error_policy("skip") == csv_error_policy::skip);
  CHECK(parse_csv_error_policy("dead-letter") == csv_error_policy::dead_letter);
  CHECK_FALSE(parse_csv_error_policy("dead_letter"));
}
