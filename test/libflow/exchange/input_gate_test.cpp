#include "libflow/exchange/input_gate.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "test/libflow/exchange/exchange_fixture.hpp"

using namespace flow;
using flow::test::data;
using flow::test::value_of;

namespace {

input_gate gate_of(std::vector<std::size_t> channels_per_input,
                   std::uint32_t window = 16) {
  return input_gate{channels_per_input, window};
}

/// Channels in the order in which the gate hands out their elements.
std::string drain(input_gate& gate) {
  std::string channels;
  while (auto next = gate.next())
    channels += std::to_string(next->channel);
  return channels;
}

void fill(input_gate& gate, std::size_t channel, int elements) {
  static_assert(sizeof(int) <= sizeof(std::uint64_t));
  for (int i = 0; i < elements; ++i)
    REQUIRE(gate.enqueue(channel, static_cast<std::uint64_t>(i), data(1)));
}

} // namespace

TEST_CASE("the gate takes channels in turn and keeps order within each") {
  auto gate = gate_of({3});
  fill(gate, 0, 3);
  fill(gate, 2, 2);
  fill(gate, 1, 1);
  CHECK(gate.buffered_elements() == 6);
  CHECK(gate.buffered_batches() == 6);
  CHECK(gate.buffered_bytes() == 6 * data(1).bytes());
  CHECK(drain(gate) == "021020");
  CHECK(gate.buffered_elements() == 0);
  CHECK(gate.buffered_bytes() == 0);
  CHECK_FALSE(gate.has_next());
}

TEST_CASE("a busy channel does not starve one that has little") {
  auto gate = gate_of({2});
  fill(gate, 0, 10);
  CHECK(gate.next()->channel == 0);
  REQUIRE(gate.enqueue(1, 0, data(7)));
  CHECK(gate.next()->channel == 0);
  CHECK(gate.next()->channel == 1);
}

TEST_CASE("a gap or a repetition is an error that names the channel") {
  auto gate = gate_of({2});
  REQUIRE(gate.enqueue(1, 0, data(1)));
  const auto gap = gate.enqueue(1, 2, data(1));
  REQUIRE_FALSE(gap);
  CHECK(gap.error().text == "input channel 1: expected element 1, got 2");
  const auto repeated = gate.enqueue(1, 0, data(1));
  REQUIRE_FALSE(repeated);
  CHECK(repeated.error().text == "input channel 1: expected element 1, got 0");
  CHECK(gate.buffered_elements() == 1);
  CHECK(gate.enqueue(1, 1, data(1)));
}

TEST_CASE("an element of an unknown channel is an error") {
  auto gate = gate_of({2});
  CHECK_FALSE(gate.enqueue(2, 0, data(1)));
  CHECK_FALSE(gate.enqueue(std::size_t{1} << 40, 0, data(1)));
}

TEST_CASE("more batches than the window are an error, other elements not") {
  auto gate = gate_of({1}, 2);
  fill(gate, 0, 2);
  CHECK_FALSE(gate.enqueue(0, 2, data(1)));
  CHECK(gate.enqueue(0, 2, stream_element::of_watermark(1)));
  CHECK_FALSE(gate.enqueue(0, 3, data(1)));
  CHECK(gate.next());
  CHECK(gate.enqueue(0, 3, data(1)));
  CHECK(gate.buffered_batches() == 2);
  CHECK(gate.buffered_elements() == 3);
}

TEST_CASE("a blocked channel keeps its elements until it is unblocked") {
  auto gate = gate_of({3});
  fill(gate, 0, 2);
  fill(gate, 1, 2);
  gate.block(0);
  CHECK(gate.blocked(0));
  CHECK(drain(gate) == "11");
  CHECK_FALSE(gate.has_next());
  REQUIRE(gate.enqueue(0, 2, data(1)));
  CHECK_FALSE(gate.has_next());
  REQUIRE(gate.enqueue(2, 0, data(1)));
  gate.block(2);
  CHECK(drain(gate).empty());
  gate.unblock(2);
  CHECK(drain(gate) == "2");
  gate.unblock_all();
  CHECK(drain(gate) == "000");
}

TEST_CASE("blocking and unblocking again costs a channel no element") {
  auto gate = gate_of({2});
  fill(gate, 0, 2);
  fill(gate, 1, 2);
  for (int i = 0; i < 5; ++i) {
    gate.block(0);
    gate.unblock(0);
    gate.unblock_all();
  }
  CHECK(drain(gate) == "0101");
}

TEST_CASE("channels of a held input wait, those of others do not") {
  auto gate = gate_of({2, 1});
  CHECK(gate.input_count() == 2);
  CHECK(gate.channel_count() == 3);
  CHECK(gate.input_of(1) == 0);
  CHECK(gate.input_of(2) == 1);
  CHECK(gate.first_channel(1) == 2);
  CHECK(gate.channels_of_input(0) == 2);
  gate.hold(0);
  fill(gate, 0, 1);
  fill(gate, 1, 2);
  fill(gate, 2, 2);
  CHECK(gate.held(0));
  CHECK(drain(gate) == "22");
  gate.block(1);
  gate.release(0);
  CHECK(drain(gate) == "0");
  gate.hold(0);
  gate.unblock_all();
  CHECK(drain(gate).empty());
  gate.release(0);
  CHECK(drain(gate) == "11");
}

TEST_CASE("a channel is open until its end has been handed out") {
  auto gate = gate_of({2});
  CHECK(gate.open_channels() == 2);
  REQUIRE(gate.enqueue(0, 0, data(4)));
  REQUIRE(gate.enqueue(0, 1, stream_element::of_end_of_partition()));
  CHECK(gate.open(0));
  const auto after = gate.enqueue(0, 2, stream_element::of_watermark(1));
  REQUIRE_FALSE(after);
  CHECK(after.error().text.find("after the end") != std::string::npos);
  CHECK(value_of(gate.next()->element) == 4);
  CHECK(gate.open_channels() == 2);
  CHECK(gate.next()->element.kind() == element_kind::end_of_partition);
  CHECK_FALSE(gate.open(0));
  CHECK(gate.open_channels() == 1);
}

TEST_CASE("a gate without channels has nothing to hand out") {
  auto gate = gate_of({});
  CHECK_FALSE(gate.next());
  CHECK_FALSE(gate.enqueue(0, 0, data(1)));
}
