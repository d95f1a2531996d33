#include "libflow/checkpoint/checkpoint_metadata.hpp"

#include <doctest/doctest.h>

#include "libflow/checkpoint/inline_state.hpp"

using namespace flow;

namespace {

std::vector<std::byte> bytes(std::initializer_list<int> values) {
  std::vector<std::byte> result;
  for (const int each : values)
    result.push_back(static_cast<std::byte>(each));
  return result;
}

state_handle inline_of(std::initializer_list<int> values) {
  auto made = bytes(values);
  const auto sum = crc32c(made);
  return inline_state(std::move(made), sum);
}

checkpoint_metadata sample() {
  checkpoint_metadata result;
  result.checkpoint_id = 7;
  result.job_id = "0123456789abcdef0123456789abcdef";
  result.job_name = "sample";
  result.hash_id = "hash";
  result.triggered = 1'000'000'000'000;
  auto& source = result.vertices.emplace_back();
  source.max_parallelism = 128;
  source.operators = {{1, "numbers", "read", true}, {2, "", "map", false}};
  source.coordinator = bytes({1, 2, 3});
  source.subtasks.push_back({subtask_stage::running, inline_of({9, 8, 7})});
  source.subtasks.push_back({subtask_stage::finished, {}});
  auto& sink = result.vertices.emplace_back();
  sink.operators = {{3, "write", "write", true}};
  sink.subtasks.push_back(
    {subtask_stage::ended, {{}, "state-1-0-1", 100'000, 0x12345678}});
  return result;
}

} // namespace

TEST_CASE("metadata reads back as it was written") {
  const auto all = sample();
  const auto read = decode_checkpoint_metadata(encode(all));
  REQUIRE(read);
  CHECK(*read == all);
  CHECK(state_bytes(all) == 100'006);
  CHECK_FALSE(all_ended(all));
}

TEST_CASE("every flipped bit and every truncation is found") {
  const auto whole = encode(sample());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto read = decode_checkpoint_metadata(std::span{whole}.first(size));
    REQUIRE_FALSE(read);
    CHECK(read.error().text.starts_with("metadata of a checkpoint"));
  }
  for (std::size_t at = 0; at < whole.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      auto other = whole;
      other[at] ^= static_cast<std::byte>(1 << bit);
      CHECK_FALSE(decode_checkpoint_metadata(other));
    }
  auto longer = whole;
  longer.push_back(std::byte{0});
  CHECK_FALSE(decode_checkpoint_metadata(longer));
}

TEST_CASE("a state is checked against its handle") {
  auto handle = inline_of({1, 2, 3});
  CHECK(checked_inline_state("here", handle));
  handle.bytes = shared_bytes{bytes({1, 9, 3})};
  const auto damaged = checked_inline_state("here", handle);
  REQUIRE_FALSE(damaged);
  CHECK(damaged.error().code == error_code::corrupt_data);
  handle.bytes = shared_bytes{bytes({1, 9})};
  CHECK(checked_inline_state("here", handle).error().text
        == "here: a state has 2 bytes, its checkpoint says 3");
}
