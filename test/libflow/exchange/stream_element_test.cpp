#include "libflow/exchange/stream_element.hpp"

#include <doctest/doctest.h>

#include "libflow/exchange/element_queue.hpp"
#include "test/libflow/exchange/exchange_fixture.hpp"

using namespace flow;
using flow::test::data;
using flow::test::value_of;

TEST_CASE("an element gives back what it was made of") {
  const checkpoint_barrier barrier{77, -5, barrier_kind::savepoint};
  CHECK(stream_element::of_barrier(barrier).barrier() == barrier);
  const latency_marker marker{123, 0xffffffffU, 7};
  CHECK(stream_element::of_latency_marker(marker).marker() == marker);
  CHECK(stream_element::of_watermark(9).watermark() == 9);
  CHECK(stream_element::of_status(stream_status::idle).status()
        == stream_status::idle);
  CHECK(stream_element::of_end_of_data(end_mode::stopped).ended()
        == end_mode::stopped);
  CHECK(stream_element::of_end_of_partition().kind()
        == element_kind::end_of_partition);
  CHECK(stream_element{}.watermark() == min_timestamp);
}

TEST_CASE("data carries the watermark that holds after its last record") {
  stream_element element = data(5, 4);
  CHECK(element.is_data());
  CHECK(element.watermark() == 4);
  CHECK(element.bytes() > 0);
  CHECK(data(5).watermark() == min_timestamp);
  const batch_ptr batch = element.take_batch();
  CHECK(batch->size() == 1);
  CHECK_FALSE(element.batch());
}

TEST_CASE("a copied element shares its batch, a moved one does not") {
  stream_element element = data(5);
  {
    const stream_element copy = element;
    CHECK(element.batch()->shared());
    CHECK(value_of(copy) == 5);
  }
  const stream_element moved = std::move(element);
  CHECK_FALSE(moved.batch()->shared());
}

TEST_CASE("only data costs a credit") {
  CHECK(data(1).costs_credit());
  CHECK_FALSE(stream_element::of_watermark(1).costs_credit());
  CHECK_FALSE(stream_element::of_barrier({}).costs_credit());
  CHECK_FALSE(stream_element::of_end_of_partition().costs_credit());
}

TEST_CASE("a queue keeps order and counts while it grows and wraps") {
  element_queue queue;
  std::uint64_t in = 0;
  std::uint64_t out = 0;
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < round; ++i)
      queue.push(data(in++));
    for (int i = 0; i < round / 2; ++i)
      CHECK(value_of(queue.pop()) == out++);
    CHECK(queue.size() == in - out);
    CHECK(queue.batches() == in - out);
  }
  CHECK(queue.bytes() > 0);
  while (!queue.empty())
    CHECK(value_of(queue.pop()) == out++);
  CHECK(in == out);
  CHECK(queue.bytes() == 0);
  CHECK(queue.batches() == 0);
}

TEST_CASE("a long queue keeps only the newest of neighbouring watermarks") {
  element_queue queue;
  queue.push(data(1));
  for (timestamp mark = 1; mark <= 1000; ++mark)
    queue.push(stream_element::of_watermark(mark));
  CHECK(queue.size() == element_queue::merge_watermarks_from);
  queue.push(data(2));
  queue.push(stream_element::of_watermark(1001));
  queue.push(stream_element::of_status(stream_status::idle));
  queue.push(stream_element::of_watermark(1002));
  CHECK(queue.size() == element_queue::merge_watermarks_from + 4);

  CHECK(value_of(queue.pop()) == 1);
  timestamp last = 0;
  while (queue.front().kind() == element_kind::watermark)
    last = queue.pop().watermark();
  CHECK(last == 1000);
  CHECK(value_of(queue.pop()) == 2);
  CHECK(queue.pop().watermark() == 1001);
  CHECK(queue.pop().status() == stream_status::idle);
  CHECK(queue.pop().watermark() == 1002);
}
