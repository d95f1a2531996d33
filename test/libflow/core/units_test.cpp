#include "libflow/core/units.hpp"

#include <chrono>
#include <random>
#include <utility>

#include <doctest/doctest.h>

#include "test/support/test_seed.hpp"

using namespace std::chrono_literals;

TEST_CASE("durations are digits and a unit, bare numbers milliseconds") {
  const std::pair<std::string_view, flow::duration_ms> table[]{
    {"0", 0ms},       {"250", 250ms},
    {"250ms", 250ms}, {"10s", 10s},
    {"3min", 3min},   {"3m", 3min},
    {"48h", 48h},     {"7d", 24h * 7},
    {"007s", 7s},     {"9223372036854775807", flow::duration_ms::max()},
  };
  for (const auto& [input, value] : table) {
    CAPTURE(input);
    const auto parsed = flow::parse_duration(input);
    REQUIRE(parsed.has_value());
    CHECK(*parsed == value);
  }
}

TEST_CASE("what is no duration is refused with its text and the units") {
  for (const std::string_view input :
       {"", "ms", "-1", "-5s", "+5s", "1.5s", "5 s", " 5s", "5s ", "5sec", "5S",
        "5M", "1h30m", "0x10"}) {
    CAPTURE(input);
    const auto parsed = flow::parse_duration(input);
    REQUIRE_FALSE(parsed.has_value());
    CHECK(parsed.error().code == flow::error_code::invalid_argument);
    CHECK(parsed.error().text
          == "duration '" + std::string{input}
               + "': digits and one of ms s min m h d are allowed");
  }
}

TEST_CASE("durations and sizes too large for their type are refused") {
  for (const std::string_view input :
       {"9223372036854775808", "9223372036854775807s", "106751991168d",
        "99999999999999999999999"}) {
    CAPTURE(input);
    REQUIRE_FALSE(flow::parse_duration(input).has_value());
    CHECK(flow::parse_duration(input).error().text
          == "duration '" + std::string{input}
               + "': at most 9223372036854775807ms are allowed");
  }
  CHECK(flow::parse_size("18446744073709551615").has_value());
  CHECK_FALSE(flow::parse_size("18446744073709551616").has_value());
  CHECK_FALSE(flow::parse_size("17179869184GiB").has_value());
}

TEST_CASE("sizes are digits and a binary unit, bare numbers bytes") {
  CHECK(*flow::parse_size("0") == 0);
  CHECK(*flow::parse_size("12B") == 12);
  CHECK(*flow::parse_size("64KiB") == 65536);
  CHECK(*flow::parse_size("256MiB") == 268435456);
  CHECK(*flow::parse_size("4GiB") == 4294967296);
  for (const std::string_view input :
       {"", "KiB", "-1B", "64KB", "64K", "64kib", "1.5GiB", "1 GiB", "1TiB"}) {
    CAPTURE(input);
    const auto parsed = flow::parse_size(input);
    REQUIRE_FALSE(parsed.has_value());
    CHECK(parsed.error().text
          == "size '" + std::string{input}
               + "': digits and one of B KiB MiB GiB are allowed");
  }
}

TEST_CASE("durations and sizes are written with the largest whole unit") {
  CHECK(flow::format_duration(0ms) == "0ms");
  CHECK(flow::format_duration(1500ms) == "1500ms");
  CHECK(flow::format_duration(90s) == "90s");
  CHECK(flow::format_duration(10min) == "10min");
  CHECK(flow::format_duration(24h) == "1d");
  CHECK(flow::format_duration(25h) == "25h");
  CHECK(flow::format_size(0) == "0B");
  CHECK(flow::format_size(1000) == "1000B");
  CHECK(flow::format_size(65536) == "64KiB");
  CHECK(flow::format_size(std::uint64_t{3} << 30) == "3GiB");
}

TEST_CASE("dates and times that exist are read as UTC") {
  const std::pair<std::string_view, flow::timestamp> table[]{
    {"1970-01-01T00:00:00", 0},
    {"1969-12-31T23:59:59", -1000},
    {"2001-01-01T00:00:00", 978307200000},
    {"2000-02-29T12:34:56", 951827696000},
    {"2015-07-15T00:00:00", 1436918400000},
    {"2038-01-19T03:14:08", 2147483648000},
    {"0000-01-01T00:00:00", -62167219200000},
    {"9999-12-31T23:59:59", 253402300799000},
  };
  for (const auto& [input, value] : table) {
    CAPTURE(input);
    CHECK(flow::parse_datetime(input) == value);
    CHECK(flow::format_iso8601(value) == std::string{input} + "Z");
  }
}

TEST_CASE("dates and times that do not exist are refused") {
  for (const std::string_view input :
       {"2001-02-29T00:00:00", "1900-02-29T00:00:00", "2000-02-30T00:00:00",
        "2001-04-31T00:00:00", "2001-00-10T00:00:00", "2001-13-10T00:00:00",
        "2001-01-00T00:00:00", "2001-01-32T00:00:00", "2001-01-01T24:00:00",
        "2001-01-01T25:00:00", "2001-01-01T00:60:00", "2001-01-01T00:00:60"}) {
    CAPTURE(input);
    CHECK_FALSE(flow::parse_datetime(input).has_value());
  }
}

TEST_CASE("other forms of a date are refused") {
  for (const std::string_view input :
       {"", "2001-01-01", "2001-01-01 00:00:00", "2001-01-01T00:00:00Z",
        "2001-01-01T00:00:00.000", "2001-1-01T00:00:00", "20010101T000000",
        "2001/01/01T00:00:00", "+001-01-01T00:00:00", "-001-01-01T00:00:00",
        "2001-01-01T-1:00:00", "2001-01-01T 1:00:00", " 001-01-01T00:00:00",
        "2001-01-01t00:00:00", "2001-01-01T00:00:0x", "2001-01-01T00-00-00"}) {
    CAPTURE(input);
    CHECK_FALSE(flow::parse_datetime(input).has_value());
  }
}

TEST_CASE("milliseconds are written only where they are not zero") {
  CHECK(flow::format_iso8601(250) == "1970-01-01T00:00:00.250Z");
  CHECK(flow::format_iso8601(978307200007) == "2001-01-01T00:00:00.007Z");
  CHECK(flow::format_iso8601(-1) == "1969-12-31T23:59:59.999Z");
  CHECK(flow::format_iso8601(-86'400'001) == "1969-12-30T23:59:59.999Z");
}

TEST_CASE("every timestamp can be written") {
  CHECK(flow::format_iso8601(253402300800000) == "+10000-01-01T00:00:00Z");
  CHECK(flow::format_iso8601(-62167219200001) == "-0001-12-31T23:59:59.999Z");
  CHECK(flow::format_iso8601(flow::max_timestamp)
        == "+292278994-08-17T07:12:55.807Z");
  CHECK(flow::format_iso8601(flow::min_timestamp)
        == "-292275055-05-16T16:47:04.192Z");
}

TEST_CASE("what is written reads back") {
  std::mt19937_64 random{test_seed()};
  for (int i = 0; i < 20'000; ++i) {
    const auto seconds =
      static_cast<std::int64_t>(random() % 315'569'519'999) - 62'167'219'200;
    auto written = flow::format_iso8601(seconds * 1000);
    REQUIRE(written.back() == 'Z');
    written.pop_back();
    REQUIRE(flow::parse_datetime(written) == seconds * 1000);
  }
}
