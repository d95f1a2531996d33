#include "libflow/operators/async_operator.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "test/support/collecting_receiver.hpp"
#include "test/support/test_seed.hpp"

namespace async_operator_test {

using namespace flow;

namespace {

using number = std::int64_t;

struct request {
  number value;
  async_promise<number> promise;
};

struct asked {
  std::vector<request>* open;
  void operator()(const number& value, async_promise<number> promise) {
    open->push_back({value, std::move(promise)});
  }
};

struct asked_or_tripled : asked {
  void timeout(const number& value, async_promise<number> promise) {
    promise.complete(value * 3);
  }
};

template <class Function = asked>
struct job {
  explicit job(async_order order, async_options options = {},
               std::size_t room = 1'000'000)
    : out(room), op("ask", out, Function{&open}, order, options) {
    operator_context context;
    context.time = &time;
    op.open(context);
  }

  void feed(const std::vector<number>& values, timestamp stamp = 0) {
    auto batch = record_batch<number>::make();
    for (const number each : values)
      batch->append(each, stamp);
    op.receive(std::move(batch));
  }
  void settle() {
    op.on_time(time.steady());
    while (op.pending() && !op.waiting()) {
      out.make_room();
      op.resume();
    }
  }
  request take(number value) {
    const auto found = std::ranges::find(open, value, &request::value);
    REQUIRE(found != open.end());
    request result = *found;
    open.erase(found);
    return result;
  }
  void answer(number value) {
    take(value).promise.complete(value * 10);
    settle();
  }
  std::vector<number> results() {
    std::vector<number> values;
    for (const auto& row : out.take())
      values.push_back(row.value);
    return values;
  }

  std::vector<request> open;
  manual_clock time;
  collecting_receiver<number> out;
  async_operator<number, number, Function> op;
};

using numbers = std::vector<number>;

} // namespace

TEST_CASE("ordered results keep the order of the records") {
  job<> it{async_order::ordered};
  it.feed({1, 2, 3});
  it.answer(3);
  it.answer(2);
  CHECK(it.results().empty());
  it.answer(1);
  CHECK(it.results() == numbers{10, 20, 30});
}

TEST_CASE("unordered results overtake each other, but no watermark") {
  job<> it{async_order::unordered};
  it.feed({1, 2}, 5);
  it.op.receive_watermark(5);
  it.feed({3}, 6);
  it.answer(3);
  CHECK(it.results().empty());
  it.answer(2);
  CHECK(it.results() == numbers{20});
  CHECK(it.out.watermarks.empty());
  it.answer(1);
  CHECK(it.out.rows.size() == 2);
  CHECK(it.out.rows_at_watermark == std::vector<std::size_t>{1});
  CHECK(it.out.rows[0].stamp == 5);
  CHECK(it.out.rows[1].stamp == 6);
}

TEST_CASE("no more requests than the capacity; the others wait in order") {
  job<> it{async_order::unordered, {.capacity = 2}};
  it.feed({1, 2, 3, 4});
  CHECK(it.open.size() == 2);
  CHECK(it.op.pending());
  CHECK(it.op.waiting());
  CHECK(it.op.full());
  CHECK(!it.op.can_accept());
  it.answer(2);
  CHECK(it.open.back().value == 3);
  it.answer(1);
  it.answer(3);
  CHECK(!it.op.pending());
  CHECK(it.op.can_accept());
  it.answer(4);
  CHECK(it.results() == numbers{20, 10, 30, 40});
}

TEST_CASE("results that wait for others to go first take their places") {
  for (const auto order : {async_order::ordered, async_order::unordered}) {
    job<> it{order, {.capacity = 3}};
    it.feed({1});
    it.op.receive_watermark(1);
    it.feed({2, 3, 4, 5});
    it.answer(3);
    it.answer(2);
    CHECK(it.open.size() == 1);
    CHECK(it.op.waiting());
    it.answer(1);
    CHECK(it.open.size() == 2);
    CHECK(it.op.can_accept());
    it.answer(4);
    it.answer(5);
    CHECK(it.results().size() == 5);
  }
}

TEST_CASE("a request that takes too long fails the job, or is answered") {
  job<> fails{async_order::ordered, {.timeout = duration_ms{100}}};
  fails.feed({1});
  CHECK(fails.op.next_deadline()
        == fails.time.steady() + std::chrono::milliseconds{100});
  fails.time.advance(std::chrono::milliseconds{99});
  fails.settle();
  fails.time.advance(std::chrono::milliseconds{1});
  CHECK_THROWS_AS(fails.settle(), task_failure);

  job<asked_or_tripled> it{async_order::ordered, {.timeout = duration_ms{100}}};
  it.feed({7, 8});
  it.answer(7);
  it.time.advance(std::chrono::milliseconds{100});
  it.settle();
  CHECK(it.results() == numbers{70, 24});
  it.answer(8); // too late
  CHECK(it.results().empty());
}

TEST_CASE("a request that has timed out is not made again") {
  job<asked_or_tripled> it{async_order::ordered,
                           {.timeout = duration_ms{100},
                            .attempts = 3,
                            .retry_delay = duration_ms{60}}};
  it.feed({7});
  it.time.advance(std::chrono::milliseconds{50});
  it.take(7).promise.fail("busy");
  it.settle();
  it.time.advance(std::chrono::milliseconds{60}); // both are due
  it.settle();
  CHECK(it.open.empty());
  CHECK(it.results() == numbers{21});
}

TEST_CASE("a failed request is made again, then fails the job") {
  job<> it{async_order::ordered,
           {.attempts = 3, .retry_delay = duration_ms{10}}};
  it.feed({1});
  for (int i = 0; i < 2; ++i) {
    it.take(1).promise.fail("busy");
    it.settle();
    CHECK(it.open.empty());
    it.time.advance(std::chrono::milliseconds{10});
    it.settle();
    CHECK(it.open.size() == 1);
  }
  it.take(1).promise.fail("broken");
  try {
    it.settle();
    FAIL("the third failure is the job's");
  } catch (const task_failure& failure) {
    CHECK(failure.reason.text.find("broken") != std::string::npos);
    CHECK(failure.reason.text.find("record: 1") != std::string::npos);
  }
}

TEST_CASE("a request may have no results or many; a second answer is nothing") {
  job<> it{async_order::ordered};
  it.feed({1, 2});
  const auto first = it.take(1);
  first.promise.complete(numbers{});
  first.promise.complete(5);
  it.take(2).promise.complete(numbers{7, 8, 9});
  it.settle();
  CHECK(it.results() == numbers{7, 8, 9});
}

TEST_CASE("requests on their way are in the snapshot and are made again") {
  job<> it{async_order::ordered, {.capacity = 10}};
  it.feed({1, 2, 3}, 9);
  it.answer(2);
  it.answer(1);
  CHECK(it.results() == numbers{10, 20});
  const auto taken = it.op.snapshot();
  job<> next{async_order::ordered};
  REQUIRE(next.op.restore(std::vector<operator_snapshot>{taken}));
  CHECK(next.open.size() == 1);
  next.feed({4});
  next.answer(4);
  next.answer(3);
  CHECK(next.results() == numbers{30, 40});
}

TEST_CASE("the end of the input waits for all answers") {
  job<> it{async_order::unordered};
  it.feed({1});
  it.op.receive_watermark(max_timestamp);
  it.op.finish();
  CHECK(it.op.pending());
  CHECK(it.op.waiting());
  it.answer(1);
  CHECK(!it.op.pending());
  CHECK(it.out.watermarks == std::vector<timestamp>{max_timestamp});
}

TEST_CASE("answers come from other threads") {
  job<> it{async_order::ordered};
  numbers values;
  for (number i = 0; i < 90; ++i)
    values.push_back(i);
  it.feed(values);
  auto open = std::exchange(it.open, {});
  std::thread other{[&] {
    for (const auto& each : open)
      each.promise.complete(each.value);
  }};
  other.join();
  it.settle();
  CHECK(it.results() == values);
}

TEST_CASE("random answers in any order keep order and watermarks") {
  std::mt19937_64 random{test_seed()};
  for (int round = 0; round < 500; ++round) {
    const bool ordered = random() % 2 == 0;
    job<> it{ordered ? async_order::ordered : async_order::unordered,
             {.capacity = 1 + random() % 8},
             1 + random() % 5};
    number next = 0;
    std::vector<number> sent_before; // records in front of each watermark
    while (next < 60 || !it.open.empty()) {
      if (next < 60 && random() % 2 == 0) {
        it.feed({next}, next);
        ++next;
        if (random() % 4 == 0) {
          it.op.receive_watermark(next - 1);
          sent_before.push_back(next);
        }
        it.settle();
      } else if (!it.open.empty()) {
        it.answer(it.open[random() % it.open.size()].value);
      }
    }
    REQUIRE(it.out.watermarks.size() == sent_before.size());
    for (std::size_t i = 0; i < sent_before.size(); ++i)
      CHECK(it.out.rows_at_watermark[i]
            == static_cast<std::size_t>(sent_before[i]));
    auto values = it.results();
    if (!ordered) {
      std::size_t from = 0;
      for (const auto border : sent_before) {
        std::sort(values.begin() + static_cast<std::ptrdiff_t>(from),
                  values.begin() + border);
        from = static_cast<std::size_t>(border);
      }
      std::sort(values.begin() + static_cast<std::ptrdiff_t>(from),
                values.end());
    }
    for (number i = 0; i < 60; ++i)
      CHECK(values[static_cast<std::size_t>(i)] == i * 10);
  }
}

} // namespace async_operator_test
