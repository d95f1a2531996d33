#include "libflow/connectors/csv/csv_writer.hpp"

#include <cstdlib>
#include <random>
#include <vector>

#include <doctest/doctest.h>

#include "libflow/connectors/csv/csv_fields.hpp"

using namespace flow;

TEST_CASE("fields are quoted only where needed") {
  csv_writer out;
  out.text("plain")
    .text("a,b")
    .text("say \"x\"")
    .text("a\nb")
    .text("c\r")
    .absent()
    .text(" ")
    .end_row();
  CHECK(out.bytes() == "plain,\"a,b\",\"say \"\"x\"\"\",\"a\nb\",\"c\r\",, \n");
}

TEST_CASE("a row of one empty field is not an empty line") {
  csv_writer out;
  out.text("").end_row();
  out.text("").text("").end_row();
  CHECK(out.bytes() == "\"\"\n,\n");
}

TEST_CASE("integers and decimals have exactly their digits") {
  csv_writer out;
  out.integer(0).integer(-12).integer(INT64_MIN).end_row();
  out.decimal(0, 3).decimal(-5, 1).decimal(12345, 2).decimal(7, 0).end_row();
  out.decimal(INT64_MIN, 18).boolean(true).boolean(false).end_row();
  CHECK(out.bytes()
        == "0,-12,-9223372036854775808\n0.000,-0.5,123.45,7\n"
           "-9.223372036854775808,true,false\n");
}

TEST_CASE("times are ISO 8601, milliseconds only where they are not zero") {
  csv_writer out;
  out.time(978307200000).time(978307200250).time(0).time(-1).end_row();
  CHECK(out.bytes()
        == "2001-01-01T00:00:00Z,2001-01-01T00:00:00.250Z,"
           "1970-01-01T00:00:00Z,1969-12-31T23:59:59.999Z\n");
}

TEST_CASE("a row handed on as read loses only quotes that it does not need") {
  std::string out;
  append_row_as_read("a,\"b\",\"c,d\",\"e\"\"\",\"f\"", out);
  append_row_as_read("plain,row", out);
  append_row_as_read("\"open", out);
  CHECK(out == "a,b,\"c,d\",\"e\"\"\",f\nplain,row\n\"open\n");
}

TEST_CASE("what is written is read back, field by field") {
  auto* from_environment = std::getenv("FLOW_TEST_SEED");
  auto seed = from_environment != nullptr
                ? std::strtoull(from_environment, nullptr, 10)
                : std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random{seed};
  constexpr std::string_view alphabet = "ab,\"\r \xc3\xa9\xff";
  csv_row_splitter splitter;
  for (int row = 0; row < 2000; ++row) {
    std::vector<std::string> fields(1 + random() % 6);
    csv_writer out;
    for (auto& field : fields) {
      field.resize(random() % 12);
      for (auto& c : field)
        c = alphabet[random() % alphabet.size()];
      out.text(field);
    }
    out.end_row();
    auto line = out.bytes();
    REQUIRE(line.back() == '\n');
    line.remove_suffix(1);
    REQUIRE(splitter.split(line));
    REQUIRE(splitter.cells().size() == fields.size());
    for (std::size_t i = 0; i < fields.size(); ++i)
      REQUIRE(splitter.cells()[i].text == fields[i]);
    std::string again;
    append_row_as_read(line, again);
    if (fields.size() > 1)
      REQUIRE(again == out.bytes());
  }
}
