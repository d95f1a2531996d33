#include "libflow/core/ids.hpp"

#include <sstream>
#include <type_traits>
#include <unordered_map>

#include <doctest/doctest.h>

TEST_CASE("ids of different kinds do not mix") {
  static_assert(!std::is_convertible_v<flow::vertex_id, flow::subtask_index>);
  static_assert(!std::is_constructible_v<flow::vertex_id, flow::channel_index>);
  static_assert(!std::is_convertible_v<std::uint32_t, flow::vertex_id>);
  CHECK(flow::vertex_id{3}.value() == 3);
  CHECK(flow::vertex_id{3} < flow::vertex_id{4});
  CHECK(flow::checkpoint_id{} == flow::checkpoint_id{0});
}

TEST_CASE("ids print as numbers and are keys of maps") {
  std::ostringstream out;
  out << flow::attempt_number{7} << ' ' << flow::checkpoint_id{1ULL << 40};
  CHECK(out.str() == "7 1099511627776");
  std::unordered_map<flow::vertex_id, int> map{{flow::vertex_id{1}, 2}};
  CHECK(map.at(flow::vertex_id{1}) == 2);
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
  CHECK(flow::operator_id::from_name("").to_string()
        == "99aa06d3014798d86001c324468d497f");
  CHECK(flow::operator_id::from_name("count")
        == flow::operator_id::from_name("count"));
  CHECK(flow::operator_id::from_name("count")
        != flow::operator_id::from_name("counts"));
  std::unordered_map<flow::operator_id, int> map;
  map[flow::operator_id::from_name("count")] = 1;
  CHECK(map.contains(flow::operator_id::from_name("count")));
}
