#include "actors/api/source_queue.hpp"

#include <doctest/doctest.h>

#include <numeric>

namespace {

using flow::refusal;
using flow::source_batch;
using flow::source_queue;

source_batch numbers(int first, int count, std::uint64_t number = 0) {
  std::vector<int> values(static_cast<std::size_t>(count));
  std::iota(values.begin(), values.end(), first);
  return {number, std::make_shared<flow::typed_value_block<int>>(
                    std::move(values), flow::min_timestamp)};
}

std::vector<int> take_all(source_queue& queue, std::size_t room = 1024) {
  std::vector<int> result;
  for (;;) {
    const auto taken = queue.take(room);
    if (!taken.records)
      return result;
    const auto& block =
      static_cast<const flow::typed_value_block<int>&>(*taken.records->values);
    for (std::size_t i = 0; i < taken.records->count; ++i)
      result.push_back(block.values[taken.records->first + i]);
  }
}

} // namespace

TEST_CASE("a sender is told its window once") {
  source_queue queue{8};
  CHECK(queue.attach(1) == 8);
  CHECK(queue.attach(1) == 0);
  CHECK(queue.attach(2) == 8);
}

TEST_CASE("what goes beyond the window is refused and left untouched") {
  source_queue queue{8};
  queue.attach(1);
  auto fits = numbers(0, 8);
  CHECK(!queue.offer(1, fits));
  auto extra = numbers(8, 1);
  CHECK(queue.offer(1, extra) == refusal::window_full);
  REQUIRE(extra.values);
  CHECK(extra.values->size() == 1);
  CHECK(take_all(queue).size() == 8);
}

TEST_CASE("credit comes back in chunks of a quarter of the window") {
  source_queue queue{8};
  queue.attach(1);
  auto batch = numbers(0, 8);
  REQUIRE(!queue.offer(1, batch));
  CHECK(!queue.take(1).credit_due);
  CHECK(queue.due_grants().empty());
  CHECK(queue.take(1).credit_due);
  const auto grants = queue.due_grants();
  REQUIRE(grants.size() == 1);
  CHECK(grants[0].to == 1);
  CHECK(grants[0].credits == 2);
  CHECK(queue.due_grants().empty());
}

TEST_CASE("room that was not announced is not the sender's to use") {
  source_queue queue{8};
  queue.attach(1);
  auto batch = numbers(0, 8);
  REQUIRE(!queue.offer(1, batch));
  (void)queue.take(1);
  auto extra = numbers(8, 1);
  CHECK(queue.offer(1, extra) == refusal::window_full);
  (void)queue.take(1);
  (void)queue.due_grants();
  CHECK(!queue.offer(1, extra));
}

TEST_CASE("one sender's full window does not stop another") {
  source_queue queue{2};
  queue.attach(1);
  queue.attach(2);
  auto first = numbers(0, 2);
  auto second = numbers(10, 2);
  CHECK(!queue.offer(1, first));
  CHECK(!queue.offer(2, second));
  CHECK(take_all(queue, 3) == std::vector{0, 1, 10, 11});
}

TEST_CASE("the reader is woken once, and only when it waits") {
  source_queue queue{8};
  queue.attach(1);
  int woken = 0;
  queue.open([&] { ++woken; });
  auto batch = numbers(0, 1);
  REQUIRE(!queue.offer(1, batch));
  CHECK(woken == 0);
  CHECK(take_all(queue).size() == 1);
  batch = numbers(1, 1);
  REQUIRE(!queue.offer(1, batch));
  batch = numbers(2, 1);
  REQUIRE(!queue.offer(1, batch));
  CHECK(woken == 1);
}

TEST_CASE("a closed queue is read to its end") {
  source_queue queue{8};
  queue.attach(1);
  int woken = 0;
  queue.open([&] { ++woken; });
  auto batch = numbers(0, 3);
  REQUIRE(!queue.offer(1, batch));
  queue.close();
  auto late = numbers(3, 1);
  CHECK(queue.offer(1, late) == refusal::closed);
  CHECK(queue.attach(2) == 0);
  CHECK(!queue.take(2).finished);
  CHECK(!queue.take(2).finished);
  CHECK(queue.take(2).finished);
  CHECK(woken == 0);
}

TEST_CASE("closing wakes a reader that waits") {
  source_queue queue{8};
  int woken = 0;
  queue.open([&] { ++woken; });
  CHECK(!queue.take(1).records);
  queue.close();
  CHECK(woken == 1);
}

TEST_CASE("records that were never read come back, the others do not") {
  source_queue queue{8};
  queue.attach(1);
  auto batch = numbers(0, 3, 7);
  REQUIRE(!queue.offer(1, batch));
  batch = numbers(3, 2, 8);
  REQUIRE(!queue.offer(1, batch));
  (void)queue.take(2);
  const auto left = queue.abandon();
  REQUIRE(left.size() == 2);
  CHECK(left[0].number == 7);
  CHECK(left[0].values->size() == 1);
  CHECK(left[1].number == 8);
  CHECK(left[1].values->size() == 2);
  CHECK(queue.closed());
}

TEST_CASE("records of a sender that has gone are still read") {
  source_queue queue{8};
  queue.attach(1);
  auto batch = numbers(0, 3);
  REQUIRE(!queue.offer(1, batch));
  queue.detach(1);
  CHECK(take_all(queue) == std::vector{0, 1, 2});
  CHECK(queue.due_grants().empty());
}
