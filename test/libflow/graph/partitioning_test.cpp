#include "libflow/graph/partitioning.hpp"

#include <doctest/doctest.h>

#include <set>
#include <utility>
#include <vector>

#include "libflow/core/key_group.hpp"

using namespace flow;

namespace {

constexpr partitioning all[] = {
  partitioning::forward, partitioning::hash,    partitioning::rebalance,
  partitioning::rescale, partitioning::shuffle, partitioning::broadcast,
  partitioning::global,  partitioning::custom};

using pairs = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

pairs connected(partitioning how, std::uint32_t up, std::uint32_t down) {
  pairs result;
  for (const subtask_channel& channel : channels_of(how, up, down))
    result.emplace_back(channel.upstream, channel.downstream);
  return result;
}

} // namespace

TEST_CASE("every partitioning is found by its name") {
  for (partitioning how : all)
    CHECK(partitioning_from(to_string(how)) == how);
  CHECK(to_string(partitioning::rescale) == "rescale");
  CHECK_FALSE(partitioning_from("roundrobin"));
  CHECK_FALSE(partitioning_from(""));
}

TEST_CASE("forward connects equal subtasks and needs equal parallelism") {
  CHECK(connected(partitioning::forward, 3, 3)
        == pairs{{0, 0}, {1, 1}, {2, 2}});
  CHECK(check_parallelism(partitioning::forward, 3, 3));
  const auto refused = check_parallelism(partitioning::forward, 3, 2);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == error_code::invalid_job);
  CHECK(refused.error().text.find("3 and 2") != std::string::npos);
}

TEST_CASE("a parallelism of zero is refused") {
  for (partitioning how : all) {
    CHECK_FALSE(check_parallelism(how, 0, 1));
    CHECK_FALSE(check_parallelism(how, 1, 0));
  }
}

TEST_CASE("all but forward and rescale connect everybody with everybody") {
  for (partitioning how : all) {
    if (is_pointwise(how))
      continue;
    CHECK(connected(how, 2, 3)
          == pairs{{0, 0}, {0, 1}, {0, 2}, {1, 0}, {1, 1}, {1, 2}});
    CHECK(upstream_subtasks(how, 2, 2, 3) == subtask_range{0, 2});
  }
}

TEST_CASE("rescale gives each upstream subtask a group of downstream ones") {
  CHECK(connected(partitioning::rescale, 2, 4)
        == pairs{{0, 0}, {0, 1}, {1, 2}, {1, 3}});
  CHECK(connected(partitioning::rescale, 2, 3)
        == pairs{{0, 0}, {0, 1}, {1, 2}});
  CHECK(
    connected(partitioning::rescale, 3, 8)
    == pairs{{0, 0}, {0, 1}, {0, 2}, {1, 3}, {1, 4}, {1, 5}, {2, 6}, {2, 7}});
}

TEST_CASE("rescale gives each downstream subtask a group of upstream ones") {
  CHECK(connected(partitioning::rescale, 6, 2)
        == pairs{{0, 0}, {1, 0}, {2, 0}, {3, 1}, {4, 1}, {5, 1}});
  CHECK(connected(partitioning::rescale, 3, 2)
        == pairs{{0, 0}, {1, 1}, {2, 1}});
  CHECK(connected(partitioning::rescale, 2, 2) == pairs{{0, 0}, {1, 1}});
  CHECK(connected(partitioning::rescale, 3, 1)
        == pairs{{0, 0}, {1, 0}, {2, 0}});
}

TEST_CASE("rescale reaches every subtask, evenly, whatever the parallelisms") {
  for (std::uint32_t up = 1; up <= 40; ++up) {
    for (std::uint32_t down = 1; down <= 40; ++down) {
      std::vector<std::uint32_t> outputs(up);
      std::vector<std::uint32_t> inputs(down);
      for (const auto& channel : channels_of(partitioning::rescale, up, down)) {
        CHECK(channel.output_channel == outputs[channel.upstream]++);
        CHECK(channel.input_channel == inputs[channel.downstream]++);
      }
      const auto out = std::minmax_element(outputs.begin(), outputs.end());
      const auto in = std::minmax_element(inputs.begin(), inputs.end());
      CHECK(*out.first >= 1);
      CHECK(*in.first >= 1);
      CHECK(*out.second - *out.first <= 1);
      CHECK(*in.second - *in.first <= 1);
    }
  }
}

TEST_CASE("both sides of an edge agree on who is connected") {
  for (partitioning how : all) {
    for (std::uint32_t up = 1; up <= 9; ++up) {
      for (std::uint32_t down = 1; down <= 9; ++down) {
        if (!check_parallelism(how, up, down))
          continue;
        for (std::uint32_t u = 0; u < up; ++u)
          for (std::uint32_t d = 0; d < down; ++d)
            CHECK(downstream_subtasks(how, u, up, down).contains(d)
                  == upstream_subtasks(how, d, up, down).contains(u));
      }
    }
  }
}

TEST_CASE("a key's group is in the range of the subtask it is sent to") {
  constexpr std::uint32_t max = 128;
  for (std::uint32_t p : {1U, 3U, 5U, 8U, 127U, 128U}) {
    for (std::uint64_t i = 0; i < 1000; ++i) {
      const std::uint64_t hash = i * 0x9e3779b97f4a7c15ULL;
      const std::uint32_t group = key_group_of(hash, max);
      const std::uint32_t target = operator_of(group, p, max);
      CHECK(downstream_subtasks(partitioning::hash, 0, 1, p).contains(target));
      CHECK(range_of(target, p, max).contains(group));
    }
  }
}

TEST_CASE("key groups are cut into the ranges that snapshots rely on") {
  CHECK(range_of(0, 3, 10) == key_group_range{0, 3});
  CHECK(range_of(1, 3, 10) == key_group_range{4, 6});
  CHECK(range_of(2, 3, 10) == key_group_range{7, 9});
  const std::vector<key_group_range> five{
    {0, 25}, {26, 51}, {52, 76}, {77, 102}, {103, 127}};
  for (std::uint32_t i = 0; i < 5; ++i)
    CHECK(range_of(i, 5, 128) == five[i]);
}
