#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>

#include "libflow/core/text.hpp"
#include "test/libflow/windows/window_fixture.hpp"
#include "test/support/test_seed.hpp"

namespace slice_snapshot_test {

using namespace flow;
using namespace flow::window_test;

namespace {

using number = std::uint32_t;

/// Several subtasks of one operator behind a keyed exchange.
class group {
public:
  group(std::uint32_t parallelism, std::int64_t lateness) {
    for (std::uint32_t i = 0; i < parallelism; ++i)
      subtasks_.push_back(std::make_unique<sums<number>>(
        tumbling(10), lateness, place(i, parallelism)));
  }

  void feed(const reading<number>& value, timestamp at) {
    const auto index =
      operator_of(key_group_of(key_hash(value.key), 128),
                  static_cast<std::uint32_t>(subtasks_.size()), 128);
    subtasks_[index]->feed(value, at);
  }
  void advance(timestamp mark) {
    for (auto& each : subtasks_)
      each->advance(mark);
  }

  std::vector<operator_snapshot> snapshot() {
    std::vector<operator_snapshot> parts;
    for (auto& each : subtasks_)
      parts.push_back(each->op().snapshot());
    return parts;
  }
  void restore(const std::vector<operator_snapshot>& parts) {
    for (auto& each : subtasks_)
      REQUIRE(each->op().restore(parts).has_value());
  }

  std::vector<total<number>> take() {
    std::vector<total<number>> rows;
    for (auto& each : subtasks_)
      for (auto& row : each->take())
        rows.push_back(row);
    std::ranges::sort(rows, [](const auto& a, const auto& b) {
      return std::tie(a.start, a.key, a.count)
             < std::tie(b.start, b.key, b.count);
    });
    return rows;
  }

private:
  std::vector<std::unique_ptr<sums<number>>> subtasks_;
};

sums<number> filled() {
  sums<number> job{tumbling(10), 5};
  for (number key = 0; key < 40; ++key)
    job.feed({key, 1}, key);
  job.advance(12);
  return job;
}

error restore_error(const operator_snapshot& taken, tumbling_windows windows) {
  sums<number> job{windows, 5};
  const auto restored = job.op().restore({&taken, 1});
  REQUIRE_FALSE(restored.has_value());
  return restored.error();
}

} // namespace

TEST_CASE("state moves from one subtask to two to three and back, and the "
          "results stay the same") {
  std::mt19937_64 random{test_seed()};
  for (std::int64_t lateness : {0, 15}) {
    group moving{1, lateness};
    group fixed{1, lateness};
    timestamp now = 0;
    for (std::uint32_t parallelism : {2U, 3U, 7U, 2U, 1U}) {
      for (int i = 0; i < 400; ++i) {
        const reading<number> value{static_cast<number>(random() % 90), 1};
        const auto at = now - static_cast<timestamp>(random() % 25);
        moving.feed(value, at);
        fixed.feed(value, at);
        now += static_cast<timestamp>(random() % 8 == 0);
        if (random() % 20 == 0) {
          moving.advance(now - 12);
          fixed.advance(now - 12);
        }
      }
      const auto parts = moving.snapshot();
      CHECK(moving.take() == fixed.take());
      moving = group{parallelism, lateness};
      moving.restore(parts);
    }
    moving.advance(max_timestamp);
    fixed.advance(max_timestamp);
    const auto rows = moving.take();
    CHECK(!rows.empty());
    CHECK(rows == fixed.take());
  }
}

TEST_CASE("what was captured is written as it was, whatever happened since") {
  auto job = filled();
  const operator_snapshot expected = job.op().snapshot();
  auto captured = job.op().capture({});
  for (number key = 0; key < 5000; ++key)
    job.feed({key, 7}, 13 + key % 20);
  job.advance(25); // fires, and drops what has closed
  CHECK(encode(std::move(captured)) == expected);
  CHECK_FALSE(job.op().snapshot() == expected);
}

TEST_CASE("many entries of one key group are written in portions") {
  sums<number> job{tumbling(10), 5};
  constexpr number keys = 600'000; // each group has about 90 KiB
  std::vector<std::pair<reading<number>, timestamp>> records;
  for (number key = 0; key < keys; ++key)
    records.push_back({{key, 1}, 3});
  job.feed(std::move(records));
  const operator_snapshot taken = job.op().snapshot();
  sums<number> restored{tumbling(10), 5};
  REQUIRE(restored.op().restore({&taken, 1}).has_value());
  restored.advance(9);
  CHECK(restored.take().size() == keys);
}

TEST_CASE("the watermark survives a restore: closed windows stay closed") {
  sums<number> job{tumbling(10)};
  job.feed({1, 1}, 5);
  job.advance(19);
  const auto taken = job.op().snapshot();
  sums<number> next{tumbling(10)};
  REQUIRE(next.op().restore({&taken, 1}).has_value());
  next.feed({1, 1}, 15);
  CHECK(next.op().counts().late_records == 1);
  next.feed({1, 1}, 20);
  CHECK(next.op().counts().late_records == 1);
}

TEST_CASE("an operator without records restores to one without records") {
  sums<number> job{tumbling(10)};
  const auto taken = job.op().snapshot();
  sums<number> next{tumbling(10)};
  REQUIRE(next.op().restore({&taken, 1}).has_value());
  next.advance(max_timestamp);
  CHECK(next.take().empty());
}

TEST_CASE("other windows or other types cannot take over the state") {
  const auto taken = filled().op().snapshot();
  CHECK(restore_error(taken, tumbling(20)).text.find("window size")
        != std::string::npos);
  CHECK(restore_error(taken, tumbling(10, 1)).text.find("offset")
        != std::string::npos);
  sums<text> other{tumbling(10), 5};
  const auto restored = other.op().restore({&taken, 1});
  REQUIRE_FALSE(restored.has_value());
  CHECK(restored.error().code == error_code::incompatible);
  CHECK(restored.error().text.find("key type") != std::string::npos);
}

TEST_CASE("bytes that end early are damaged, wherever they end") {
  auto taken = filled().op().snapshot();
  while (!taken.keyed.empty()) {
    taken.keyed.pop_back();
    CHECK(restore_error(taken, tumbling(10)).code == error_code::corrupt_data);
  }
}

TEST_CASE("bytes that were changed never do harm") {
  std::mt19937_64 random{test_seed()};
  const auto taken = filled().op().snapshot();
  for (std::size_t at = 0; at < taken.keyed.size(); ++at) {
    auto changed = taken;
    changed.keyed[at] ^= static_cast<std::byte>(1 + random() % 255);
    sums<number> job{tumbling(10), 5};
    if (job.op().restore({&changed, 1}))
      job.advance(max_timestamp);
  }
}

TEST_CASE("bytes behind the end are damaged") {
  auto taken = filled().op().snapshot();
  taken.keyed.push_back(std::byte{0});
  CHECK(restore_error(taken, tumbling(10)).code == error_code::corrupt_data);
}

} // namespace slice_snapshot_test
