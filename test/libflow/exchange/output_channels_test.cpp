#include "libflow/exchange/output_channels.hpp"

#include <doctest/doctest.h>

#include "test/libflow/exchange/exchange_fixture.hpp"

using namespace flow;
using flow::test::data;
using flow::test::recording_sink;
using flow::test::value_of;

TEST_CASE("with credit an element goes out at once, numbered per channel") {
  recording_sink sink;
  output_channels output{sink, 2};
  REQUIRE(output.on_credit(0, 2));
  REQUIRE(output.on_credit(1, 1));
  CHECK(output.has_credit(0));
  output.offer(0, data(1));
  output.offer(1, data(2));
  output.offer(0, data(3));
  CHECK_FALSE(output.full());
  CHECK_FALSE(output.has_credit(0));
  REQUIRE(sink.sent.size() == 3);
  CHECK(sink.sent[0].sequence == 0);
  CHECK(sink.sent[1].sequence == 0);
  CHECK(sink.sent[1].channel == 1);
  CHECK(sink.sent[2].sequence == 1);
  CHECK(output.next_sequence(0) == 2);
}

TEST_CASE("without credit data waits, and what follows waits behind it") {
  recording_sink sink;
  output_channels output{sink, 2};
  output.offer(0, stream_element::of_watermark(1)); // nothing before it
  CHECK_FALSE(output.full());
  output.offer(0, data(10));
  CHECK(output.full());
  output.offer(0, stream_element::of_barrier({1, 0, {}}));
  output.offer(0, data(11));
  output.offer(0, stream_element::of_watermark(2));
  output.offer(1, stream_element::of_watermark(3)); // another channel: free
  REQUIRE(sink.sent.size() == 2);
  CHECK(output.overdraft_elements() == 4);
  CHECK(output.overdraft_bytes() == data(10).bytes() + data(11).bytes());

  REQUIRE(output.on_credit(0, 1));
  REQUIRE(sink.sent.size() == 4);
  CHECK(value_of(sink.sent[2].element) == 10);
  CHECK(sink.sent[3].element.kind() == element_kind::barrier);
  CHECK(output.full());
  CHECK_FALSE(output.has_credit(0));

  REQUIRE(output.on_credit(0, 2));
  REQUIRE(sink.sent.size() == 6);
  CHECK(value_of(sink.sent[4].element) == 11);
  CHECK(sink.sent[5].element.watermark() == 2);
  CHECK(sink.sent[5].sequence == 4);
  CHECK_FALSE(output.full());
  CHECK(output.has_credit(0));
  CHECK(output.overdraft_bytes() == 0);
}

TEST_CASE("the output is full until the last channel's overdraft is gone") {
  recording_sink sink;
  output_channels output{sink, 3};
  output.offer(0, data(1));
  output.offer(2, data(2));
  CHECK(output.full());
  REQUIRE(output.on_credit(0, 4));
  CHECK(output.full());
  REQUIRE(output.on_credit(1, 4));
  CHECK(output.full());
  REQUIRE(output.on_credit(2, 1));
  CHECK_FALSE(output.full());
}

TEST_CASE("a grant beyond the window is an error and sends nothing") {
  recording_sink sink;
  output_channels output{sink, 1, 4};
  output.offer(0, data(1));
  CHECK_FALSE(output.on_credit(0, 5));
  CHECK(sink.sent.empty());
  CHECK(output.full());
}
