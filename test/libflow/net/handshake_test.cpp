#include "libflow/net/handshake.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "libflow/core/bytes.hpp"
#include "test/support/frames.hpp"

namespace handshake_test {

using namespace flow;
using namespace flow::net;
using flow::test::feed;
using flow::test::frame;

namespace {

handshake sample() {
  return {protocol_version, link_role::data, 3,       "1.4.0",
          "node-a",         "worker-2",      "secret"};
}

frame sent(const handshake& own) {
  std::vector<std::byte> bytes;
  REQUIRE(encode_handshake(own, bytes));
  frame_reader reader;
  REQUIRE(feed(reader, bytes) == bytes.size());
  auto got = reader.next();
  REQUIRE(got);
  REQUIRE(got->has_value());
  return frame{**got};
}

} // namespace

TEST_CASE("a handshake arrives as it was sent") {
  const auto got = decode_handshake(sent(sample()));
  REQUIRE(got);
  CHECK(*got == sample());
}

TEST_CASE("another process of the same version is welcome, of any build") {
  auto theirs = sample();
  theirs.worker = "";
  theirs.build = "1.4.1";
  CHECK(check_handshake(sample(), theirs));
}

TEST_CASE("another version is refused with both versions in the text") {
  auto theirs = sample();
  theirs.version = 7;
  theirs.worker = "worker-3";
  const auto result = check_handshake(sample(), theirs);
  REQUIRE(!result);
  CHECK(result.error().code == error_code::incompatible);
  CHECK(result.error().severity == error_severity::fatal);
  CHECK(result.error().text
        == "the peer speaks version 7 of the link protocol, this process "
           "(build 1.4.0) version 1; run the same release on all nodes");
}

TEST_CASE("of another version nothing but the version is read") {
  frame first = sent(sample());
  first.payload.resize(4);
  first.payload[0] = std::byte{9};
  const auto got = decode_handshake(first);
  REQUIRE(got);
  CHECK(got->version == 9);
  CHECK(got->node.empty());
}

TEST_CASE("a process does not talk to itself") {
  const auto result = check_handshake(sample(), sample());
  REQUIRE(!result);
  CHECK(result.error().code == error_code::invalid_argument);
}

TEST_CASE("a first frame of another kind is no handshake") {
  frame first = sent(sample());
  first.header.kind = frame_kind::data;
  CHECK(!decode_handshake(first));
  first.header.kind = frame_kind::handshake;
  first.header.sequence = 1;
  CHECK(!decode_handshake(first));
}

TEST_CASE("a handshake cut anywhere or with more behind it is damage") {
  const frame whole = sent(sample());
  for (std::size_t size = 0; size < whole.payload.size(); ++size) {
    frame cut = whole;
    cut.payload.resize(size);
    const auto got = decode_handshake(cut);
    REQUIRE(!got);
    CHECK(got.error().code == error_code::corrupt_data);
  }
  frame longer = whole;
  longer.payload.push_back(std::byte{0});
  CHECK(!decode_handshake(longer));
}

TEST_CASE("texts beyond the bound are neither sent nor believed") {
  auto own = sample();
  own.build = std::string(max_handshake_text + 1, 'x');
  std::vector<std::byte> bytes;
  CHECK(!encode_handshake(own, bytes));
  CHECK(bytes.empty());
  frame first = sent(sample());
  first.payload.clear();
  {
    byte_writer writer(first.payload);
    writer.write_int(protocol_version);
    writer.write_int(std::uint8_t{1});
    writer.write_int(std::uint32_t{0});
    writer.write_string(own.build);
    writer.write_string("node");
    writer.write_string("");
    writer.write_string("");
  }
  CHECK(!decode_handshake(first));
}

TEST_CASE("a process without a node has no handshake") {
  auto own = sample();
  own.node.clear();
  std::vector<std::byte> bytes;
  CHECK(!encode_handshake(own, bytes));
}

TEST_CASE("a role that nobody knows is damage") {
  frame first = sent(sample());
  first.payload[4] = std::byte{3};
  CHECK(!decode_handshake(first));
}

TEST_CASE("only the right token is known") {
  CHECK(knows_token("secret", sample()));
  CHECK(!knows_token("secreT", sample()));
  CHECK(!knows_token("secret ", sample()));
  CHECK(!knows_token("", sample()));
}

} // namespace handshake_test
