#include "libflow/core/ids.hpp"

#include <sstream>
#include <type_traits>
#include <unordered_map>

#include <doctest/doctest.h>

TEST_CASE("ids of different kinds do not mix") {
  static_assert(
    !std::is_convertible_v<flow::attempt_number, flow::channel_index>);
  static_assert(
    !std::is_constructible_v<flow::attempt_number, flow::channel_index>);
  static_assert(!std::is_convertible_v<std::uint32_t, flow::attempt_number>);
  CHECK(flow::attempt_number{3}.value() == 3);
  CHECK(flow::attempt_number{3} < flow::attempt_number{4});
  CHECK(flow::channel_index{} == flow::channel_index{0});
}

TEST_CASE("ids print as numbers and are keys of maps") {
  std::ostringstream out;
  out << flow::attempt_number{7} << ' ' << flow::channel_index{1U << 30};
  CHECK(out.str() == "7 1073741824");
  std::unordered_map<flow::attempt_number, int> map{
    {flow::attempt_number{1}, 2}};
  CHECK(map.at(flow::attempt_number{1}) == 2);
}

TEST_CASE("a job id is 32 hex digits and reads back") {
  const flow::job_id id{0x0123456789abcdef, 0xfedcba9876543210};
  CHECK(id.to_string() == "0123456789abcdeffedcba9876543210");
  CHECK(flow::job_id::parse(id.to_string()) == id);
  CHECK(flow::job_id::parse("0123456789ABCDEFFEDCBA9876543210") == id);
  for (const auto* bad :
       {"", "0123456789abcdeffedcba987654321",
        "0123456789abcdeffedcba98765432100", "0123456789abcdeffedcba987654321g",
        " 123456789abcdeffedcba9876543210"}) {
    CAPTURE(bad);
    CHECK_FALSE(flow::job_id::parse(bad).has_value());
  }
}

TEST_CASE("the id of a name never changes") {
  CHECK(flow::job_id::from_name("").to_string()
        == "99aa06d3014798d86001c324468d497f");
  CHECK(flow::job_id::from_name("count") == flow::job_id::from_name("count"));
  CHECK(flow::job_id::from_name("count") != flow::job_id::from_name("counts"));
  std::unordered_map<flow::job_id, int> map;
  map[flow::job_id::from_name("count")] = 1;
  CHECK(map.contains(flow::job_id::from_name("count")));
}
