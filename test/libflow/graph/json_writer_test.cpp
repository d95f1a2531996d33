#include "libflow/core/json_writer.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>

using flow::json_writer;

namespace {

std::string quoted(std::string_view text) {
  json_writer out;
  out.value(text);
  return std::move(out).take();
}

} // namespace

TEST_CASE("objects, arrays and values stand in the order of the calls") {
  json_writer out;
  out.begin_object().member("b", 1).member("a", true);
  out.key("list").begin_array().value(1.5).value("x").null();
  out.begin_object().end_object().begin_array().end_array().end_array();
  out.end_object();
  CHECK(out.text() == R"({"b":1,"a":true,"list":[1.5,"x",null,{},[]]})");
}

TEST_CASE("indented text has one member a line") {
  json_writer out(json_writer::layout::indented);
  out.begin_object().member("a", 1).key("b").begin_array().value(2);
  out.end_array().key("c").begin_object().end_object().end_object();
  CHECK(out.text()
        == "{\n  \"a\": 1,\n  \"b\": [\n    2\n  ],\n  \"c\": {}\n}");
}

TEST_CASE("numbers keep every digit") {
  json_writer out;
  out.begin_array();
  out.value(std::numeric_limits<std::uint64_t>::max());
  out.value(std::numeric_limits<std::int64_t>::min());
  out.value(0.1).value(1e300).value(-0.0);
  out.end_array();
  CHECK(out.text()
        == "[18446744073709551615,-9223372036854775808,0.1,1e+300,-0]");
}

TEST_CASE("what JSON has no number for is null") {
  json_writer out;
  out.begin_array()
    .value(std::numeric_limits<double>::infinity())
    .value(std::numeric_limits<double>::quiet_NaN())
    .end_array();
  CHECK(out.text() == "[null,null]");
}

TEST_CASE("quotes, backslashes and control characters are escaped") {
  CHECK(quoted("a\"b\\c\n\r\t") == R"("a\"b\\c\n\r\t")");
  CHECK(quoted(std::string_view("\0\x1f\x7f", 3)) == R"("\u0000\u001f\u007f")");
}

TEST_CASE("UTF-8 stays, and bytes that are not UTF-8 are replaced") {
  CHECK(quoted("\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80")
        == "\"\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80\"");
  const std::string bad = "\xEF\xBF\xBD";
  CHECK(quoted("\xC3") == "\"" + bad + "\"");           // cut
  CHECK(quoted("\xFFx") == "\"" + bad + "x\"");         // no lead byte
  CHECK(quoted("\xC0\xAF") == "\"" + bad + bad + "\""); // overlong
  CHECK(quoted("\xED\xA0\x80") == "\"" + bad + bad + bad + "\""); // surrogate
  CHECK(quoted("\xE2\x82") == "\"" + bad + bad + "\""); // cut after two
}
