#include "libflow/operators/reduce.hpp"

#include <doctest/doctest.h>

#include <string>

#include "test/support/collecting_receiver.hpp"

namespace keyed_reduce_test {

using namespace flow;

namespace {

struct sample {
  std::uint32_t sensor = 0;
  std::int32_t value = 0;
  std::uint32_t tag = 0;
  friend bool operator==(const sample&, const sample&) = default;
};

template <class Selector, class Function>
struct job {
  job(Selector selector, Function function)
    : op("reduce", out, selector, function) {
    op.open({});
  }
  std::vector<sample> feed(const std::vector<sample>& samples) {
    auto batch = record_batch<sample>::make();
    for (const auto& each : samples)
      batch->append(each, 4);
    op.receive(std::move(batch));
    std::vector<sample> result;
    for (auto& row : out.take()) {
      CHECK(row.stamp == 4);
      result.push_back(row.value);
    }
    return result;
  }

  collecting_receiver<sample> out;
  reduce_operator<sample, Selector, Function> op;
};

} // namespace

TEST_CASE("a rolling reduce emits the new aggregate for every record") {
  job one{&sample::sensor, sum_of(&sample::value)};
  CHECK(
    one.feed({{1, 5, 10}, {2, 1, 20}, {1, -7, 30}, {1, 2, 40}})
    == std::vector<sample>{{1, 5, 10}, {2, 1, 20}, {1, -2, 10}, {1, 0, 10}});
  CHECK(one.feed({{2, 9, 50}}) == std::vector<sample>{{2, 10, 20}});
}

TEST_CASE("minimum and maximum follow one field and keep the first record's "
          "others") {
  job least{&sample::sensor, min_of(&sample::value)};
  CHECK(least.feed({{1, 5, 10}, {1, 7, 20}, {1, -7, 30}})
        == std::vector<sample>{{1, 5, 10}, {1, 5, 10}, {1, -7, 10}});
  job most{&sample::sensor, max_of(&sample::value)};
  CHECK(most.feed({{1, 5, 10}, {1, 7, 20}, {1, -7, 30}})
        == std::vector<sample>{{1, 5, 10}, {1, 7, 10}, {1, 7, 10}});
}

TEST_CASE("keys may be computed") {
  job one{[](const sample& s) { return s.sensor % 2; }, sum_of(&sample::value)};
  CHECK(one.feed({{1, 5, 0}, {3, 1, 0}, {2, 4, 0}})
        == std::vector<sample>{{1, 5, 0}, {1, 6, 0}, {2, 4, 0}});
}

TEST_CASE("a restored reduce goes on where it stood") {
  job one{&sample::sensor, sum_of(&sample::value)};
  std::vector<sample> many;
  for (std::uint32_t i = 0; i < 5000; ++i)
    many.push_back({i % 900, 1, i});
  one.feed(many);
  const auto taken = one.op.snapshot();
  CHECK(one.op.state_bytes() > 0);
  job two{&sample::sensor, sum_of(&sample::value)};
  REQUIRE(two.op.restore({&taken, 1}).has_value());
  CHECK(two.feed(many) == one.feed(many));
}

} // namespace keyed_reduce_test
