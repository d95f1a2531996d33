#include "libflow/windows/slice_window_operator.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <string>

#include "libflow/core/text.hpp"
#include "test/libflow/windows/window_fixture.hpp"

namespace slice_window_test {

using namespace flow;
using namespace flow::window_test;

namespace {

using number = std::uint32_t;
using number_reading = reading<number>;
using number_total = total<number>;

constexpr timestamp no_end = max_timestamp;

} // namespace

TEST_CASE("a record is accepted until the watermark reaches the last time of "
          "its window") {
  sums<number> job{tumbling(10)};
  job.advance(8);
  job.feed({1, 7}, 5);
  CHECK(job.take().empty());
  job.advance(9);
  CHECK(job.take() == std::vector<number_total>{{1, 0, 7, 1}});
  CHECK(job.op().counts().late_records == 0);
}

TEST_CASE("without allowed lateness a record of a complete window is late") {
  sums<number> job{tumbling(10)};
  job.advance(9);
  job.feed({1, 7}, 5);
  job.advance(100);
  CHECK(job.take().empty());
  CHECK(job.op().counts().late_records == 1);
  REQUIRE(job.late.rows.size() == 1);
  CHECK(job.late.rows[0].value == number_reading{1, 7});
  CHECK(job.late.rows[0].stamp == 5);
}

TEST_CASE("late records are counted also when nobody consumes them") {
  harness<number_reading, number_total, sum_operator<number>> job{
    place(),
    by_member{},
    tumbling(10),
    aggregate_fold<number_reading, sum_function>{{}},
    process_result<emit_total>{{}},
    window_options<number_reading>{}};
  job.advance(9);
  job.feed({1, 7}, 5);
  job.feed({1, 7}, 9);
  CHECK(job.op().counts().late_records == 2);
  CHECK(job.late.rows.empty());
}

TEST_CASE("within the allowed lateness every late record fires its key again, "
          "at once") {
  for (timestamp mark = 9; mark <= 13; ++mark) {
    CAPTURE(mark);
    sums<number> job{tumbling(10), 5};
    job.feed({{{1, 7}, 5}, {{2, 1}, 6}});
    job.advance(mark);
    CHECK(job.take().size() == 2);
    job.feed({{{1, 3}, 5}, {{1, 4}, 9}, {{3, 8}, 0}});
    CHECK(
      job.take()
      == std::vector<number_total>{{1, 0, 10, 2}, {1, 0, 14, 3}, {3, 0, 8, 1}});
    CHECK(job.op().counts().late_records == 0);
  }
}

TEST_CASE("beyond the allowed lateness the state is gone and records are "
          "late") {
  sums<number> job{tumbling(10), 5};
  job.feed({1, 7}, 5);
  job.advance(13);
  CHECK(job.op().state_bytes() > 0);
  job.advance(14);
  CHECK(job.op().state_bytes() == 0);
  job.take();
  job.feed({1, 3}, 9);
  CHECK(job.take().empty());
  CHECK(job.op().counts().late_records == 1);
}

TEST_CASE("a late record may open a window that never had one") {
  sums<number> job{tumbling(10), 5};
  job.advance(12);
  job.feed({1, 3}, 9);
  CHECK(job.take() == std::vector<number_total>{{1, 0, 3, 1}});
  job.advance(14);
  CHECK(job.take().empty());
  CHECK(job.op().state_bytes() == 0);
}

TEST_CASE("with unlimited lateness nothing is ever late") {
  sums<number> job{tumbling(10), no_end};
  job.feed({1, 7}, 5);
  job.advance(max_timestamp - 1);
  CHECK(job.take().size() == 1);
  job.feed({1, 3}, 5);
  CHECK(job.take() == std::vector<number_total>{{1, 0, 10, 2}});
  CHECK(job.op().counts().late_records == 0);
}

TEST_CASE("results carry the last time of their window") {
  sums<number> job{tumbling(10, 3), 5};
  job.feed({1, 7}, 5);
  job.advance(12);
  job.feed({1, 7}, 4);
  REQUIRE(job.out.rows.size() == 2);
  CHECK(job.out.rows[0].stamp == 12);
  CHECK(job.out.rows[1].stamp == 12);
}

TEST_CASE("windows fire in the order of their start and before the watermark "
          "goes on") {
  sums<number> job{tumbling(10)};
  job.feed(
    {{{1, 1}, 35}, {{1, 2}, -7}, {{2, 3}, 14}, {{1, 4}, 3}, {{1, 5}, 99}});
  job.advance(40);
  const auto rows = job.take();
  REQUIRE(rows.size() == 4);
  CHECK(rows[0] == number_total{1, -10, 2, 1});
  CHECK(rows[1] == number_total{1, 0, 4, 1});
  CHECK(rows[2] == number_total{2, 10, 3, 1});
  CHECK(rows[3] == number_total{1, 30, 1, 1});
  CHECK(job.out.watermarks == std::vector<timestamp>{40});
  CHECK(job.out.rows_at_watermark == std::vector<std::size_t>{4});
  CHECK(job.late.watermarks == std::vector<timestamp>{40});
}

TEST_CASE("the watermark that ends a stream fires everything") {
  sums<number> job{tumbling(10)};
  job.feed({{{1, 1}, 5}, {{2, 1}, 1'000'000}, {{3, 1}, max_timestamp - 1}});
  job.advance(max_timestamp);
  CHECK(job.take().size() == 3);
  CHECK(job.out.watermarks == std::vector<timestamp>{max_timestamp});
  CHECK(job.op().state_bytes() == 0);
}

TEST_CASE("a stream that ends without its last watermark closes no window "
          "early") {
  sums<number> job{tumbling(10)};
  job.feed({1, 1}, 5);
  job.op().finish();
  job.drain();
  CHECK(job.take().empty());
}

TEST_CASE("a record without a timestamp fails the task with advice") {
  sums<number> job{tumbling(10)};
  job.feed({1, 1}, 5);
  std::string text;
  try {
    job.feed({1, 1}, min_timestamp);
  } catch (const task_failure& failure) {
    text = failure.reason.text;
    CHECK(failure.reason.severity == error_severity::fatal);
  }
  CHECK(text.find("assign timestamps before windows") != std::string::npos);
  CHECK(text.find("\"window\"") != std::string::npos);
}

TEST_CASE("no timestamp is told from a time in the earliest window") {
  sums<number> job{tumbling(10)};
  job.feed({1, 1}, min_timestamp + 1);
  CHECK_THROWS_AS(job.feed({1, 1}, min_timestamp), task_failure);
}

TEST_CASE("firing pauses while the output is full and loses nothing") {
  sums<number> job{tumbling(10)};
  std::vector<std::pair<number_reading, timestamp>> records;
  for (number key = 0; key < 5000; ++key)
    records.push_back({{key, 1}, key % 20});
  job.feed(records);
  job.out.make_room(100);
  job.pauses = 0;
  job.advance(9);
  CHECK(job.pauses >= 2);
  CHECK(job.out.watermarks == std::vector<timestamp>{9});
  auto rows = job.take();
  CHECK(rows.size() == 2500);
  job.advance(19);
  const auto more = job.take();
  rows.insert(rows.end(), more.begin(), more.end());
  std::ranges::sort(rows, {}, &number_total::key);
  REQUIRE(rows.size() == 5000);
  for (number key = 0; key < 5000; ++key)
    CHECK(rows[key] == number_total{key, key % 20 < 10 ? 0 : 10, 1, 1});
}

TEST_CASE("input that comes while firing pauses waits behind it") {
  sums<number> job{tumbling(10), 5};
  std::vector<std::pair<number_reading, timestamp>> records;
  for (number key = 0; key < 2000; ++key)
    records.push_back({{key, 1}, 5});
  job.feed(records);
  job.out.make_room(1);
  job.op().receive_watermark(9);
  REQUIRE(job.op().pending());
  CHECK(job.op().full());
  auto batch = record_batch<number_reading>::make();
  batch->append(number_reading{7, 1}, 5);
  job.op().receive(std::move(batch));
  CHECK(job.out.watermarks.empty());
  job.drain();
  REQUIRE(job.out.rows.size() == 2001);
  CHECK(job.out.rows.back().value == number_total{7, 0, 2, 2});
  CHECK(job.out.rows_at_watermark == std::vector<std::size_t>{2000});
}

TEST_CASE("text keys are owned by the state, whatever becomes of the batch") {
  sums<text> job{tumbling(10)};
  const std::string long_key(200, 'k');
  for (int i = 0; i < 50; ++i) {
    job.feed({{{text{long_key + std::to_string(i)}, i}, i % 20},
              {{text{"ORD"}, 1}, i % 20}});
    job.feed({text{std::string(200, 'x')}, 1}, i % 20);
  }
  job.advance(max_timestamp);
  const auto rows = job.take();
  CHECK(rows.size() == 50 + 4);
  const auto sum = [&](const std::string& key) {
    std::int64_t result = 0;
    for (const auto& row : rows)
      if (row.key.view() == key)
        result += row.sum;
    return result;
  };
  for (int i = 0; i < 50; ++i)
    CHECK(sum(long_key + std::to_string(i)) == i);
  CHECK(sum("ORD") == 50);
  CHECK(sum(std::string(200, 'x')) == 50);
}

TEST_CASE("a reduced window emits its record") {
  auto larger = [](const number_reading& a, const number_reading& b) {
    return a.value < b.value ? b : a;
  };
  using fold = reduce_fold<number_reading, decltype(larger)>;
  using op = slice_window_operator<number_reading, number_reading, by_member,
                                   tumbling_windows, fold, emit_result>;
  harness<number_reading, number_reading, op> job{
    place(),      by_member{},   tumbling(10),
    fold{larger}, emit_result{}, window_options<number_reading>{}};
  job.feed({{{1, -4}, 1}, {{1, -9}, 2}, {{1, -2}, 3}, {{2, -7}, 4}});
  job.advance(9);
  auto rows = job.take();
  std::ranges::sort(rows, {}, &number_reading::key);
  CHECK(rows == std::vector<number_reading>{{1, -2}, {2, -7}});
}

TEST_CASE("an aggregate may make its accumulators and return new ones") {
  struct product {
    std::int64_t create_accumulator() { return 1; }
    std::int64_t add(std::int64_t acc, const number_reading& value) {
      return acc * value.value;
    }
    double result(const std::int64_t& acc) {
      return static_cast<double>(acc) / 2;
    }
  };
  using fold = aggregate_fold<number_reading, product>;
  using op = slice_window_operator<number_reading, double, by_member,
                                   tumbling_windows, fold, emit_result>;
  harness<number_reading, double, op> job{
    place(),         by_member{},   tumbling(10),
    fold{product{}}, emit_result{}, window_options<number_reading>{}};
  job.feed({{{1, 3}, 1}, {{1, 5}, 2}});
  job.advance(9);
  CHECK(job.take() == std::vector<double>{7.5});
}

TEST_CASE("a process function sees the records of its window in the order of "
          "arrival, with key, window and watermark") {
  struct joined {
    void process(const window_context<text>& context,
                 std::span<const reading<text>> values,
                 collector<std::string>& out) {
      std::string line = context.key().to_string();
      for (const auto& value : values)
        line += ' ' + std::to_string(value.value);
      line += " [" + std::to_string(context.window().start) + ','
              + std::to_string(context.window().end) + ") "
              + std::to_string(context.current_watermark());
      out.emit(line);
      out.emit("-");
    }
  };
  using record = reading<text>;
  using op =
    slice_window_operator<record, std::string, by_member, tumbling_windows,
                          collect_fold<record>, process_result<joined>>;
  harness<record, std::string, op> job{
    place(),
    by_member{},
    tumbling(10),
    collect_fold<record>{},
    process_result<joined>{joined{}},
    window_options<record>{duration_ms{5}, {}}};
  job.feed({{{text{"a"}, 3}, 8}, {{text{"a"}, 1}, 2}, {{text{"a"}, 2}, 8}});
  job.advance(12);
  job.feed({text{"a"}, 9}, 0);
  CHECK(job.take()
        == std::vector<std::string>{"a 3 1 2 [0,10) 12", "-",
                                    "a 3 1 2 9 [0,10) 12", "-"});
}

TEST_CASE("a process function may use side outputs") {
  struct split {
    void operator()(const window_context<number>& context,
                    const sum_function::accumulator& result,
                    collector<number_total>&) {
      context.emit(output_tag<number_reading>{"late"},
                   number_reading{context.key(), result.sum});
    }
  };
  using fold = aggregate_fold<number_reading, sum_function>;
  using op =
    slice_window_operator<number_reading, number_total, by_member,
                          tumbling_windows, fold, process_result<split>>;
  harness<number_reading, number_total, op> job{
    place(),
    by_member{},
    tumbling(10),
    fold{{}},
    process_result<split>{{}},
    window_options<number_reading>{}};
  job.feed({4, 6}, 3);
  job.advance(9);
  REQUIRE(job.late.rows.size() == 1);
  CHECK(job.late.rows[0].value == number_reading{4, 6});
  CHECK(job.late.rows[0].stamp == 9);
}

TEST_CASE("what a window function throws names the operator") {
  auto thrower = [](const window_context<number>&,
                    const sum_function::accumulator&,
                    collector<number_total>&) {
    throw std::runtime_error("no such airport");
  };
  using fold = aggregate_fold<number_reading, sum_function>;
  using emit = process_result<decltype(thrower)>;
  using op = slice_window_operator<number_reading, number_total, by_member,
                                   tumbling_windows, fold, emit>;
  harness<number_reading, number_total, op> job{
    place(),  by_member{},   tumbling(10),
    fold{{}}, emit{thrower}, window_options<number_reading>{}};
  job.feed({4, 6}, 3);
  std::string text;
  try {
    job.advance(9);
  } catch (const task_failure& failure) {
    text = failure.reason.text;
  }
  CHECK(text.find("\"window\": no such airport") != std::string::npos);
}

TEST_CASE("computed keys that ship with the batch are used as they are") {
  auto parity = [](const number_reading& value) {
    return static_cast<std::int64_t>(value.value % 2);
  };
  struct emit_key {
    void operator()(const window_context<std::int64_t>& context,
                    const sum_function::accumulator& result,
                    collector<total<std::int64_t>>& out) {
      out.emit(
        {context.key(), context.window().start, result.sum, result.count});
    }
  };
  using fold = aggregate_fold<number_reading, sum_function>;
  using op =
    slice_window_operator<number_reading, total<std::int64_t>, decltype(parity),
                          tumbling_windows, fold, process_result<emit_key>>;
  harness<number_reading, total<std::int64_t>, op> job{
    place(),
    parity,
    tumbling(10),
    fold{{}},
    process_result<emit_key>{{}},
    window_options<number_reading>{}};
  auto batch = record_batch<number_reading>::make();
  for (std::int64_t i = 0; i < 600; ++i) {
    batch->append(number_reading{0, i}, 5);
    batch->append_hash(key_hash(i % 2));
    batch->keys<std::int64_t>().emplace_back(i % 2);
  }
  job.op().receive(std::move(batch));
  job.drain();
  job.feed({9, 1000}, 5);
  job.advance(9);
  auto rows = job.take();
  std::ranges::sort(rows, {}, &total<std::int64_t>::key);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0] == total<std::int64_t>{0, 0, 89'700 + 1000, 301});
  CHECK(rows[1] == total<std::int64_t>{1, 0, 90'000, 300});
}

TEST_CASE("statuses pass in order with watermarks") {
  sums<number> job{tumbling(10)};
  job.op().receive_status(stream_status::idle);
  job.op().receive_status(stream_status::active);
  CHECK(job.out.statuses
        == std::vector{stream_status::idle, stream_status::active});
}

} // namespace slice_window_test
