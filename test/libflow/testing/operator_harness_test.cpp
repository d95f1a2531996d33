#include "libflow/testing.hpp"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "libflow/flow.hpp"

namespace {

struct count {
  std::string word;
  std::int64_t number = 0;

  friend bool operator==(const count&, const count&) = default;
};

count add(const count& a, const count& b) {
  return {a.word, a.number + b.number};
}

auto counts() {
  return flow::testing::harness_of<count>(
    [](auto in) { return in.key_by(&count::word).reduce(add); });
}

using items = std::vector<flow::testing::output_item<count>>;
using flow::testing::emitted;
using flow::testing::emitted_watermark;

} // namespace

TEST_CASE("records, watermarks and statuses come out in order") {
  auto sums = counts();
  CHECK(sums.push(count{"a", 1}, 10));
  CHECK(sums.watermark(10));
  CHECK(sums.push(count{"a", 2}));
  CHECK(sums.status(flow::stream_status::idle));
  CHECK(sums.take()
        == items{emitted<count>{{"a", 1}, 10}, emitted_watermark{10},
                 emitted<count>{{"a", 3}, flow::min_timestamp},
                 flow::stream_status::idle});
  CHECK(sums.take().empty());
}

TEST_CASE("a batch does what its records do one by one") {
  const std::vector<emitted<count>> records{
    {{"a", 1}, 1}, {{"b", 2}, 2}, {{"a", 3}, 3}};
  auto one_by_one = counts();
  auto batch = counts();
  for (const auto& each : records)
    CHECK(one_by_one.push(each.value, each.stamp));
  CHECK(batch.push_batch(std::span<const emitted<count>>{records}));
  CHECK(one_by_one.take() == batch.take());
}

TEST_CASE("a snapshot restores into a new instance") {
  auto sums = counts();
  CHECK(sums.push(count{"a", 1}));
  const auto taken = sums.snapshot();
  REQUIRE(taken);
  CHECK(sums.push(count{"a", 10}));
  REQUIRE(sums.restore(*taken));
  CHECK(sums.push(count{"a", 2}));
  CHECK(sums.values() == std::vector<count>{{"a", 3}});
}

TEST_CASE("watermarks of several channels are combined") {
  flow::testing::harness_options two;
  two.channels = {2};
  auto sums = flow::testing::harness_of<count>(
    [](auto in) { return in.key_by(&count::word).reduce(add); }, two);
  CHECK(sums.watermark(10, {0, 0}));
  CHECK(sums.take().empty());
  CHECK(sums.watermark(7, {0, 1}));
  CHECK(sums.take() == items{emitted_watermark{7}});
}

TEST_CASE("side outputs come by tag, once they are consumed") {
  const flow::output_tag<std::string> odd{"odd"};
  auto split = flow::testing::harness_of<std::int64_t>([&](auto in) {
    return in.process([odd](const std::int64_t& x,
                            flow::process_context& context,
                            flow::collector<std::int64_t>& out) {
      if (x % 2 != 0)
        context.emit(odd, std::to_string(x));
      else
        out.emit(x);
    });
  });
  split.consume(odd);
  CHECK(split.push(std::int64_t{1}, 5));
  CHECK(split.push(std::int64_t{2}, 6));
  CHECK(split.values() == std::vector<std::int64_t>{2});
  CHECK(split.take_side(odd)
        == std::vector<flow::testing::output_item<std::string>>{
          emitted<std::string>{"1", 5}});
}

TEST_CASE("what user code throws is the error of the call") {
  auto failing = flow::testing::harness_of<std::int64_t>([](auto in) {
    return in.map([](const std::int64_t& x) -> std::int64_t {
      if (x == 13)
        throw std::runtime_error("unlucky");
      return x;
    });
  });
  CHECK(failing.push(std::int64_t{1}));
  const auto refused = failing.push(std::int64_t{13});
  REQUIRE(!refused);
  CHECK(refused.error().text.find("unlucky") != std::string::npos);
}

TEST_CASE("the clock stands at 0 and probes come when it is set") {
  auto marks = flow::testing::harness_of<std::int64_t>([](auto in) {
    return in.assign_timestamps_and_watermarks(
      flow::monotonous_timestamps([](const std::int64_t& x) { return x; }));
  });
  CHECK(marks.push(std::int64_t{100}));
  CHECK(marks.set_processing_time(199));
  CHECK(marks.take().size() == 1);
  CHECK(marks.set_processing_time(200));
  CHECK(marks.take()
        == std::vector<flow::testing::output_item<std::int64_t>>{
          emitted_watermark{99}});
}

TEST_CASE("a slow consumer changes nothing") {
  flow::testing::harness_options slow;
  slow.refuse_every_second = true;
  auto repeat = [](auto in) {
    return in.flat_map(
      [](const std::int64_t& x, flow::collector<std::int64_t>& out) {
        for (std::int64_t i = 0; i < x; ++i)
          out.emit(i);
      });
  };
  auto fast_one = flow::testing::harness_of<std::int64_t>(repeat);
  auto slow_one = flow::testing::harness_of<std::int64_t>(repeat, slow);
  const std::vector<emitted<std::int64_t>> records(1000, {7, 1});
  for (auto* each : {&fast_one, &slow_one}) {
    CHECK(each->push_batch(std::span<const emitted<std::int64_t>>{records}));
    CHECK(each->watermark(3));
  }
  CHECK(fast_one.take() == slow_one.take());
}
