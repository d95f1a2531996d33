#include "libflow/operators/broadcast_connect.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "libflow/core/text.hpp"
#include "libflow/state/redistribute.hpp"
#include "test/support/collecting_receiver.hpp"
#include "test/support/test_seed.hpp"

namespace broadcast_connect_test {

using namespace flow;

namespace {

struct sale {
  text product;
  std::int64_t count = 0;
};

struct price {
  text product;
  std::int64_t each = 0;
};

constexpr auto set_price = [](const price& in,
                              broadcast_state<text, std::int64_t>& prices) {
  prices.set(in.product, in.each);
};

/// What a sale costs; -1 for a product without a price.
constexpr auto cost = [](const sale& in,
                         const broadcast_state<text, std::int64_t>& prices,
                         process_context&, collector<std::int64_t>& out) {
  const auto* each = prices.find(in.product);
  out.emit(each != nullptr ? in.count * *each : -1);
};

using pricing_function =
  broadcast_connect_function<text, std::int64_t, decltype(set_price),
                             decltype(cost)>;
using pricing =
  broadcast_process_operator<sale, price, std::int64_t, pricing_function>;
using row = collecting_receiver<std::int64_t>::row;

struct job {
  explicit job(bool wait = false)
    : op("prices", out, pricing_function{set_price, cost}, wait) {
    op.open({});
  }

  template <class T>
  void feed(std::size_t input, const std::vector<T>& values,
            timestamp first = 0) {
    auto batch = record_batch<T>::make();
    for (const auto& each : values)
      batch->append(each, first++);
    op.input(input).receive_erased(batch_ptr{std::move(batch)});
  }

  void restore(const std::vector<operator_snapshot>& parts) {
    const auto done = op.restore(parts);
    REQUIRE_MESSAGE(done, (done ? "" : done.error().text));
  }

  void end_broadcast() {
    op.input(1).receive_watermark(max_timestamp);
    op.input_ended(1, true);
    while (op.pending())
      op.resume();
  }

  collecting_receiver<std::int64_t> out;
  pricing op;
};

const text tea{"tea"};
const text cake{"a cake of more than twelve bytes"};

/// The parts that one of `parallelism` new subtasks restores.
std::vector<operator_snapshot>
parts_for(const std::vector<operator_snapshot>& old, std::size_t index,
          std::size_t parallelism) {
  if (old.size() == parallelism)
    return {old[index]};
  std::vector<operator_snapshot> parts;
  std::vector<std::vector<byte_string>> lists;
  for (const auto& each : old) {
    parts.push_back({each.keyed, {}, each.broadcast});
    lists.push_back(each.list);
  }
  parts.front().list = redistribute(std::move(lists), parallelism)[index];
  return parts;
}

} // namespace

TEST_CASE("the broadcast state is read as it was after a restore") {
  job first;
  first.feed<price>(1, {{tea, 3}, {cake, 5}, {tea, 4}});
  first.feed<sale>(0, {{tea, 2}});
  const auto taken = first.op.snapshot();
  CHECK(taken.list.empty());
  CHECK(taken.keyed.empty());
  job second;
  second.restore({taken});
  CHECK(second.op.snapshot() == taken);
  second.feed<sale>(0, {{tea, 10}, {cake, 10}, {text{"milk"}, 1}}, 7);
  CHECK(second.out.rows == std::vector<row>{{40, 7}, {50, 8}, {-1, 9}});
  second.feed<price>(1, {{tea, 1}});
  second.feed<sale>(0, {{tea, 10}}, 20);
  CHECK(second.out.rows.back() == row{10, 20});
}

TEST_CASE("records wait on after a restore, and then see the whole state") {
  job first{true};
  first.feed<price>(1, {{tea, 3}});
  first.feed<sale>(0, {{tea, 2}, {cake, 1}}, 11);
  first.feed<sale>(0, {{cake, 2}}, 13);
  CHECK(first.out.rows.empty());
  const auto taken = first.op.snapshot();
  CHECK(taken.list.size() == 3);
  job second{true};
  second.restore({taken});
  CHECK_FALSE(second.op.pending());
  CHECK(second.op.snapshot() == taken);
  second.op.input(0).receive_watermark(12);
  second.feed<sale>(0, {{tea, 5}}, 14);
  second.feed<price>(1, {{cake, 7}, {tea, 4}});
  CHECK(second.out.rows.empty());
  CHECK(second.out.watermarks.empty());
  second.end_broadcast();
  CHECK(second.out.rows
        == std::vector<row>{{8, 11}, {7, 12}, {14, 13}, {20, 14}});
  CHECK(second.out.watermarks == std::vector<timestamp>{12});
  CHECK(second.out.rows_at_watermark == std::vector<std::size_t>{4});
}

TEST_CASE("nothing waits after a restore once the broadcast has ended") {
  job first{true};
  first.feed<sale>(0, {{tea, 2}});
  first.feed<price>(1, {{tea, 3}});
  first.end_broadcast();
  CHECK(first.out.rows == std::vector<row>{{6, 0}});
  const auto taken = first.op.snapshot();
  CHECK(taken.list.empty());
  job second{true};
  second.restore({taken});
  second.feed<sale>(0, {{tea, 5}}, 4);
  CHECK(second.out.rows == std::vector<row>{{15, 4}});
}

TEST_CASE("waiting records are dealt out to another number of subtasks, the "
          "broadcast state is the same in each") {
  std::mt19937_64 random{test_seed()};
  std::vector<std::unique_ptr<job>> jobs;
  std::vector<row> wanted;
  timestamp stamp = 0;
  auto feed_all = [&] {
    for (auto& each : jobs) {
      std::vector<sale> sales(random() % 10);
      const timestamp first = stamp;
      for (auto& made : sales) {
        const bool is_tea = random() % 2 == 0;
        made = {is_tea ? tea : cake, static_cast<std::int64_t>(random() % 50)};
        wanted.push_back({made.count * (is_tea ? 2 : 3), stamp++});
      }
      if (!sales.empty())
        each->feed<sale>(0, sales, first);
    }
  };
  for (const std::size_t parallelism : {2U, 3U, 5U, 5U, 1U, 4U}) {
    std::vector<operator_snapshot> old;
    std::size_t entries = 0;
    for (auto& each : jobs)
      entries += old.emplace_back(each->op.snapshot()).list.size();
    CHECK(entries == wanted.size());
    std::vector<std::unique_ptr<job>> next;
    for (std::size_t i = 0; i < parallelism; ++i) {
      next.push_back(std::make_unique<job>(true));
      if (old.empty())
        continue;
      const auto parts = parts_for(old, i, parallelism);
      next[i]->restore(parts);
      const auto again = next[i]->op.snapshot();
      CHECK(again.list == parts.front().list);
      CHECK(again.broadcast == next[0]->op.snapshot().broadcast);
    }
    jobs = std::move(next);
    for (auto& each : jobs) // all see the same broadcast records
      each->feed<price>(1, {{cake, stamp}, {tea, -stamp}});
    feed_all();
  }
  std::vector<row> got;
  for (auto& each : jobs) {
    each->feed<price>(1, {{tea, 2}, {cake, 3}});
    each->end_broadcast();
    got.insert(got.end(), each->out.rows.begin(), each->out.rows.end());
  }
  std::sort(got.begin(), got.end(),
            [](const row& a, const row& b) { return a.stamp < b.stamp; });
  CHECK(got == wanted);
}

TEST_CASE("damaged broadcast state and waiting records are errors") {
  job first{true};
  first.feed<price>(1, {{tea, 3}, {cake, 4}});
  first.feed<sale>(0, {{cake, 2}});
  const auto taken = first.op.snapshot();
  for (std::size_t size = 0; size < taken.broadcast.size(); ++size) {
    auto cut = taken;
    cut.broadcast.resize(size);
    CHECK_FALSE(job{true}.op.restore({&cut, 1}).has_value());
  }
  for (std::size_t size = 0; size < taken.list[0].size(); ++size) {
    auto cut = taken;
    cut.list[0].resize(size);
    CHECK_FALSE(job{true}.op.restore({&cut, 1}).has_value());
  }
  auto longer = taken;
  longer.broadcast.push_back({});
  CHECK_FALSE(job{true}.op.restore({&longer, 1}).has_value());
  longer = taken;
  longer.list[0].push_back({});
  CHECK_FALSE(job{true}.op.restore({&longer, 1}).has_value());
}

} // namespace broadcast_connect_test
