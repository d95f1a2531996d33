#include "apps/nexmark/json_events.hpp"

#include <doctest/doctest.h>

#include "apps/nexmark/generator.hpp"

namespace nexmark {
namespace {

std::string bytes_of(const event& each) {
  flow::byte_string bytes;
  flow::byte_writer out{bytes};
  flow::codec<event>::encode(each, out);
  const auto written = out.written();
  return {reinterpret_cast<const char*>(written.data()), written.size()};
}

/// What is wrong with a line; empty when nothing is.
std::string problem_of(std::string_view line) {
  event_parser parser;
  event each;
  const auto parsed = parser.parse(line, each);
  return parsed ? "" : parsed.error().text;
}

std::string bid_with(std::string_view extra) {
  return R"({"type":"bid","auction":1,"bidder":2,"price":3,"channel":"c",)"
         R"("url":"u","dateTime":4,"extra":)"
         + std::string{extra} + "}";
}

TEST_CASE("an event read back is the one that was written") {
  generator maker{{}};
  event_parser parser;
  event made;
  event read;
  for (std::uint64_t i = 0; i < 500; ++i) {
    maker.make(i, made);
    std::visit([](auto& kind) { kind.position = 0; }, made);
    std::string line;
    append_json(made, line);
    REQUIRE(line.back() == '\n');
    line.pop_back();
    const auto parsed = parser.parse(line, read);
    REQUIRE_MESSAGE(parsed, line);
    REQUIRE(bytes_of(read) == bytes_of(made));
  }
}

TEST_CASE("strings with escapes are read and written") {
  event_parser parser;
  event each;
  REQUIRE(parser.parse(
    bid_with(R"("a\"b\\c\/\n\té\u00e9\u20ac\ud83d\ude00, long enough")"),
    each));
  const std::string wanted = "a\"b\\c/\n\té\u00e9\u20ac\U0001F600, long enough";
  CHECK(std::get<bid>(each).extra == wanted);
  std::string line;
  append_json(each, line);
  line.pop_back();
  REQUIRE(parser.parse(line, each));
  CHECK(std::get<bid>(each).extra == wanted);
}

TEST_CASE("fields stand in any order, with blanks between") {
  event_parser parser;
  event each;
  REQUIRE(parser.parse(
    R"( { "extra" : "" , "url":"u","price" :-5,"bidder":2,"channel":"c", )"
    R"("dateTime":9223372036854775807,"auction":1,"type":"bid" } )",
    each));
  CHECK(std::get<bid>(each).price == -5);
  CHECK(std::get<bid>(each).date_time == 9223372036854775807);
}

TEST_CASE("what is not an event is refused, and the text says why") {
  CHECK(problem_of(bid_with("\"fine\"")).empty());
  const auto says = [](std::string_view line, std::string_view part) {
    CAPTURE(line);
    CHECK(problem_of(line).find(part) != std::string::npos);
  };
  says("", "JSON object");
  says("[]", "JSON object");
  says("{}", "\"type\" is missing");
  says(R"({"type":"sale"})", "not person, auction or bid");
  says(R"({"type":"bid","auction":1})", "\"bidder\" is missing");
  says(bid_with("7"), "\"extra\" is a string");
  says(bid_with("\"open"), "no end");
  says(bid_with("\"\\x\""), "escape");
  says(bid_with("\"\\ud800\""), "escape");
  says(bid_with("\"\\ud800\\u0041\""), "half a character");
  says(bid_with("\"a\tb\""), "control character");
  says(bid_with("1.5"), "whole number");
  says(bid_with("01"), "whole number");
  says(bid_with("null"), "whole number");
  says(bid_with("99999999999999999999"), "whole number");
  says(bid_with("\"\",\"more\":1"), "\"more\" is not one");
  says(bid_with("\"\",\"extra\":\"\""), "stands twice");
  says(bid_with("\"\"") + "x", "follows the object");
  says(R"({"type":"bid")", "object's end");
  says(R"({"type" "bid"})", "colon");
}

} // namespace
} // namespace nexmark
