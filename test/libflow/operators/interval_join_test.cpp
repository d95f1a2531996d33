#include "libflow/operators/interval_join.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "test/support/collecting_receiver.hpp"
#include "test/support/test_seed.hpp"

namespace interval_join_test {

using namespace flow;

namespace {

struct element {
  std::int64_t key = 0;
  std::int64_t id = 0;
};

struct pair {
  std::int64_t left = 0;
  std::int64_t right = 0;
  friend auto operator<=>(const pair&, const pair&) = default;
};

constexpr auto join = [](const element& a, const element& b) {
  return pair{a.id, b.id};
};

using key = std::int64_t element::*;
using op_type =
  interval_join_operator<element, element, pair, key, key, decltype(join)>;
using row = collecting_receiver<pair>::row;

struct fixture {
  explicit fixture(interval_bounds bounds, std::size_t room = 1'000'000'000)
    : bounds_(bounds), out(room) {
    start();
  }

  void start() {
    op = std::make_unique<op_type>(
      "join", out, &element::key, &element::key, join,
      interval_join_options<element, element>{bounds_, output_tag<element>{"l"},
                                              output_tag<element>{"r"}});
    op->sides().bind<element>("l", left_late);
    op->sides().bind<element>("r", right_late);
    operator_context context;
    context.time = &time;
    op->open(context);
  }

  void push(std::size_t input, std::int64_t key_value, std::int64_t id,
            timestamp stamp) {
    auto batch = record_batch<element>::make();
    batch->append({key_value, id}, stamp);
    op->input(input).receive_erased(batch_ptr{std::move(batch)});
    settle();
  }
  void left(timestamp stamp) { push(0, 1, stamp, stamp); }
  void right(timestamp stamp) { push(1, 1, stamp, stamp); }
  void watermark(timestamp mark) {
    op->input(0).receive_watermark(mark);
    op->input(1).receive_watermark(mark);
    settle();
  }
  void settle() {
    while (op->pending()) {
      out.make_room();
      op->resume();
    }
  }
  void restore() {
    const auto taken = op->snapshot();
    start();
    REQUIRE(op->restore(std::vector<operator_snapshot>{taken}));
  }
  std::vector<row> taken() {
    auto rows = out.take();
    std::sort(rows.begin(), rows.end(), [](const row& a, const row& b) {
      return std::pair{a.value, a.stamp} < std::pair{b.value, b.stamp};
    });
    return rows;
  }
  std::size_t buffered() {
    const auto of = op->buffers_of(1);
    return of.left.size() + of.right.size();
  }

  interval_bounds bounds_;
  manual_clock time;
  collecting_receiver<pair> out;
  collecting_receiver<element> left_late;
  collecting_receiver<element> right_late;
  std::unique_ptr<op_type> op;
};

} // namespace

TEST_CASE("records join within the bounds, both included") {
  fixture f{{-5, 2}};
  f.left(10);
  for (const timestamp right : {4, 5, 9, 12, 13})
    f.right(right);
  CHECK(f.taken()
        == std::vector<row>{{{10, 5}, 10}, {{10, 9}, 10}, {{10, 12}, 12}});
  f.left(17);
  CHECK(f.taken() == std::vector<row>{{{17, 12}, 17}, {{17, 13}, 17}});
}

TEST_CASE("bounds on one side of zero, and bounds that are one") {
  fixture negative{{-5, -2}};
  negative.left(10);
  for (const timestamp right : {4, 5, 8, 9, 10})
    negative.right(right);
  CHECK(negative.taken().size() == 2);
  fixture positive{{2, 5}};
  positive.left(10);
  for (const timestamp right : {11, 12, 15, 16})
    positive.right(right);
  CHECK(positive.taken().size() == 2);
  fixture equal{{0, 0}};
  equal.left(10);
  equal.right(9);
  equal.right(10);
  equal.right(10);
  CHECK(equal.taken().size() == 2);
}

TEST_CASE("a record is late below the watermark, not at it") {
  fixture f{{-5, 5}};
  f.watermark(10);
  f.left(9);
  f.right(9);
  f.left(10);
  f.right(10);
  CHECK(f.taken() == std::vector<row>{{{10, 10}, 10}});
  CHECK(f.left_late.rows.size() == 1);
  CHECK(f.left_late.rows[0].stamp == 9);
  CHECK(f.right_late.rows.size() == 1);
  CHECK(f.op->counts().late_records == 2);
  CHECK(f.op->counts().late_dropped == 0);
}

TEST_CASE("a buffered record goes when the watermark reaches its end") {
  fixture f{{0, 5}};
  f.left(10);  // goes at 15
  f.right(12); // goes at 12
  CHECK(f.taken().size() == 1);
  CHECK(f.op->timers() == timer_counts{2, 0});
  f.watermark(11);
  CHECK(f.buffered() == 2);
  f.watermark(12);
  CHECK(f.buffered() == 1);
  f.watermark(14);
  f.right(15);
  CHECK(f.taken() == std::vector<row>{{{10, 15}, 15}});
  f.watermark(15);
  CHECK(f.buffered() == 0);
  f.right(15);
  CHECK(f.taken().empty());
  CHECK(f.op->timers() == timer_counts{1, 0});
  f.right(15); // of the same time
  f.left(15);
  f.left(16);
  CHECK(f.op->timers() == timer_counts{3, 0});
}

TEST_CASE("a record without a timestamp is an error") {
  fixture f{{0, 5}};
  CHECK_THROWS_AS(f.left(min_timestamp), task_failure);
}

TEST_CASE("a record with many partners stops while the output is full") {
  fixture f{{-1'000'000, 1'000'000}, 300};
  constexpr std::int64_t partners = 20'000;
  for (std::int64_t i = 0; i < partners; ++i)
    f.push(0, 1, i, i % 100);
  auto batch = record_batch<element>::make();
  batch->append({1, -1}, 50);
  batch->append({1, -2}, 60);
  f.op->input(1).receive_erased(batch_ptr{std::move(batch)});
  CHECK(f.op->pending());
  CHECK(f.out.rows.size() < 2000);
  f.settle();
  auto rows = f.taken();
  CHECK(rows.size() == 2 * partners);
  CHECK(std::adjacent_find(rows.begin(), rows.end()) == rows.end());
}

TEST_CASE("random streams join as all pairs say, through restores") {
  const auto seed = test_seed();
  std::mt19937_64 random{seed};
  struct sent {
    std::int64_t key;
    std::int64_t id;
    timestamp time;
  };
  for (int round = 0; round < 2000; ++round) {
    const std::int64_t lower = static_cast<std::int64_t>(random() % 21) - 10;
    const std::int64_t upper = lower + static_cast<std::int64_t>(random() % 10);
    fixture f{{lower, upper}, 1 + random() % 20};
    std::array<std::vector<sent>, 2> inputs;
    std::vector<row> expected;
    timestamp mark = min_timestamp;
    for (std::int64_t id = 0; id < 40; ++id) {
      const std::size_t side = random() % 2;
      const sent one{static_cast<std::int64_t>(random() % 3), id,
                     id / 2 - 20 + static_cast<timestamp>(random() % 12)};
      f.push(side, one.key, one.id, one.time);
      if (one.time >= mark) {
        for (const sent& other : inputs[1 - side]) {
          const sent& l = side == 0 ? one : other;
          const sent& r = side == 0 ? other : one;
          if (l.key == r.key && l.time + lower <= r.time
              && r.time <= l.time + upper)
            expected.push_back({{l.id, r.id}, std::max(l.time, r.time)});
        }
        // One that comes at its own end stays until the next watermark.
        inputs[side].push_back(one);
      }
      if (random() % 5 == 0) {
        const timestamp next =
          id / 2 - 20 + static_cast<timestamp>(random() % 8);
        if (next > mark) {
          mark = next;
          f.watermark(mark);
          for (auto& each : inputs)
            std::erase_if(each, [&](const sent& s) {
              const bool is_left = &each == &inputs[0];
              return (is_left ? f.bounds_.end_of_left(s.time)
                              : f.bounds_.end_of_right(s.time))
                     <= mark;
            });
        }
      }
      if (random() % 10 == 0) {
        f.restore();
        if (mark != min_timestamp)
          f.watermark(mark);
        for (auto& each : inputs)
          std::erase_if(each, [&](const sent& s) {
            const bool is_left = &each == &inputs[0];
            return mark != min_timestamp
                   && (is_left ? f.bounds_.end_of_left(s.time)
                               : f.bounds_.end_of_right(s.time))
                        <= mark;
          });
      }
    }
    std::sort(expected.begin(), expected.end(), [](const row& a, const row& b) {
      return std::pair{a.value, a.stamp} < std::pair{b.value, b.stamp};
    });
    REQUIRE(f.taken() == expected);
  }
}

} // namespace interval_join_test
