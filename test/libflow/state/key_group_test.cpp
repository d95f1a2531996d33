#include "libflow/core/key_group.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace key_group_test {

using namespace flow;

namespace {

std::vector<key_group_range> ranges(std::uint32_t p, std::uint32_t max) {
  std::vector<key_group_range> result;
  for (std::uint32_t i = 0; i < p; ++i)
    result.push_back(range_of(i, p, max));
  return result;
}

} // namespace

TEST_CASE("the ranges of the operators are those of the published vectors") {
  using list = std::vector<key_group_range>;
  CHECK(ranges(3, 10) == list{{0, 3}, {4, 6}, {7, 9}});
  CHECK(ranges(3, 128) == list{{0, 42}, {43, 85}, {86, 127}});
  CHECK(ranges(5, 128)
        == list{{0, 25}, {26, 51}, {52, 76}, {77, 102}, {103, 127}});
}

TEST_CASE("the default max parallelism has room for half as many again") {
  CHECK(default_max_parallelism(1) == 128);
  CHECK(default_max_parallelism(85) == 128);
  CHECK(default_max_parallelism(86) == 256);
  CHECK(default_max_parallelism(170) == 256);
  CHECK(default_max_parallelism(171) == 256);
  CHECK(default_max_parallelism(1000) == 2048);
  CHECK(default_max_parallelism(20000) == 32768);
  CHECK(default_max_parallelism(32768) == 32768);
}

TEST_CASE("routing of a group and the ranges agree and cover every group") {
  for (std::uint32_t max : {1u, 2u, 3u, 10u, 100u, 128u, 130u, 1024u})
    for (std::uint32_t p = 1; p <= max; ++p) {
      std::uint32_t next = 0;
      for (std::uint32_t i = 0; i < p; ++i) {
        const auto range = range_of(i, p, max);
        REQUIRE(range.first == next);
        REQUIRE(range.size() >= 1);
        for (auto group = range.first; group <= range.last; ++group)
          REQUIRE(operator_of(group, p, max) == i);
        next = range.last + 1;
      }
      REQUIRE(next == max);
    }
}

TEST_CASE("a group of the known operators is that of the published table") {
  CHECK(operator_of(94, 4, 128) == 2);
  CHECK(operator_of(127, 4, 128) == 3);
  CHECK(operator_of(29, 4, 128) == 0);
  CHECK(operator_of(35, 4, 128) == 1);
  CHECK(operator_of(32767, 32768, 32768) == 32767);
}

TEST_CASE("a group is a range of hashes without holes") {
  for (std::uint32_t max : {1u, 3u, 128u, 1000u, 32768u}) {
    std::uint64_t next = 0;
    for (std::uint32_t group = 0; group < max; ++group) {
      const auto range = hashes_of({group, group}, max);
      REQUIRE(range.first == next);
      REQUIRE(key_group_of(range.first, max) == group);
      REQUIRE(key_group_of(range.last, max) == group);
      next = range.last + 1;
    }
    CHECK(next == 0); // past the last hash
    CHECK(hashes_of({0, max - 1}, max) == hash_range{});
  }
}

} // namespace key_group_test
