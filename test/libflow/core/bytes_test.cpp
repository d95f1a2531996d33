#include "libflow/core/bytes.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <memory>
#include <random>

#include <doctest/doctest.h>

#include "test/support/test_seed.hpp"

using flow::byte_reader;
using flow::byte_writer;

namespace {

std::vector<int> numbers(const std::vector<std::byte>& bytes) {
  std::vector<int> result;
  for (const auto b : bytes)
    result.push_back(std::to_integer<int>(b));
  return result;
}

} // namespace

TEST_CASE("integers are little-endian at their declared width") {
  std::vector<std::byte> out;
  {
    byte_writer w{out};
    w.write_int(std::uint8_t{1});
    w.write_int(std::int16_t{-2});
    w.write_int(std::uint32_t{0x01020304});
    w.write_bool(true);
    w.write_string("ab");
  }
  CHECK(
    numbers(out)
    == std::vector<int>{1, 0xfe, 0xff, 4, 3, 2, 1, 1, 2, 0, 0, 0, 'a', 'b'});
}

TEST_CASE("a writer appends behind what the vector holds") {
  std::vector<std::byte> out{std::byte{9}};
  {
    byte_writer w{out};
    CHECK(w.size() == 0);
    const auto hole = w.size();
    w.write_int(std::uint32_t{0});
    w.write_int(std::uint8_t{7});
    w.patch_u32(hole, 5);
    CHECK(w.size() == 5);
    CHECK(w.written().size() == 5);
  }
  CHECK(numbers(out) == std::vector<int>{9, 5, 0, 0, 0, 7});
  { byte_writer nothing{out}; }
  CHECK(out.size() == 6);
}

TEST_CASE("a writer with a buffer of its own spills to the heap when full") {
  for (int count = 0; count < 40; ++count) {
    std::array<std::byte, 16> buffer{};
    std::vector<std::byte> spill;
    byte_writer w{buffer, spill};
    for (int i = 0; i < count; ++i)
      w.write_int(static_cast<std::uint8_t>(i));
    REQUIRE(w.size() == static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i)
      REQUIRE(w.written()[static_cast<std::size_t>(i)] == std::byte(i));
    REQUIRE((w.written().data() == buffer.data()) == (count <= 16));
  }
}

TEST_CASE("numbers and raw bytes of any size come out one after the other") {
  std::mt19937_64 random{test_seed()};
  std::vector<std::byte> source(100'000);
  for (auto& each : source)
    each = static_cast<std::byte>(random());
  for (int round = 0; round < 200; ++round) {
    std::vector<std::byte> wanted(random() % 3 * 100, std::byte{5});
    std::vector<std::byte> out = wanted;
    out.reserve(random() % 20'000);
    std::array<std::byte, 300> buffer{};
    const bool buffered = wanted.empty() && random() % 2 == 0;
    auto writer = buffered ? std::make_unique<byte_writer>(buffer, out)
                           : std::make_unique<byte_writer>(out);
    const std::size_t before = buffered ? 0 : wanted.size();
    for (int i = 0; i < 60; ++i) {
      // Mostly small ones, and some beyond what is made room for at once.
      const std::size_t most = random() % 8 == 0 ? 9'000 : 12;
      const std::size_t size = random() % most;
      const auto piece =
        std::span{source}.subspan(random() % 50'000).first(size);
      writer->write_raw(piece);
      wanted.insert(wanted.end(), piece.begin(), piece.end());
      REQUIRE(writer->size() == wanted.size() - before);
    }
    const auto written = writer->written();
    REQUIRE(std::ranges::equal(written, std::span{wanted}.subspan(before)));
    if (buffered && wanted.size() <= buffer.size())
      continue;
    writer.reset();
    REQUIRE((out == wanted));
  }
}

TEST_CASE("all NaN have the same bits") {
  const auto nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(flow::canonical_bits(nan) == flow::canonical_bits(-nan));
  CHECK(flow::canonical_bits(std::bit_cast<double>(0x7ff0000000000001ULL))
        == flow::canonical_bits(nan));
  CHECK(flow::canonical_bits(-0.0) != flow::canonical_bits(0.0));
  CHECK(flow::canonical_bits(1.5f) == 0x3fc00000u);
}

TEST_CASE("a reader gives back what was written") {
  std::vector<std::byte> out;
  {
    byte_writer w{out};
    w.write_int(std::int64_t{-5});
    w.write_float(2.5);
    w.write_bool(false);
    w.write_string("text");
    w.write_raw(std::as_bytes(std::span{"xy", 2}));
  }
  byte_reader in{out};
  std::int64_t number = 0;
  double real = 0;
  bool flag = true;
  std::string_view string;
  std::span<const std::byte> raw;
  CHECK(in.read_int(number));
  CHECK(in.read_float(real));
  CHECK(in.read_bool(flag));
  CHECK(in.read_string(string));
  CHECK(in.remaining() == 2);
  CHECK_FALSE(in.finished());
  CHECK(in.read_raw(2, raw));
  CHECK(number == -5);
  CHECK(real == 2.5);
  CHECK_FALSE(flag);
  CHECK(string == "text");
  CHECK(raw[1] == std::byte{'y'});
  CHECK(in.finished());
}

TEST_CASE("a failed read leaves its argument and fails all that follow") {
  const std::array bytes{std::byte{1}, std::byte{0}, std::byte{0}};
  byte_reader in{bytes};
  std::uint32_t number = 77;
  CHECK_FALSE(in.read_int(number));
  CHECK(number == 77);
  std::uint8_t byte = 78;
  CHECK_FALSE(in.read_int(byte));
  CHECK(byte == 78);
  CHECK(in.failed());
  CHECK(in.remaining() == 0);
}

TEST_CASE("a length beyond the bytes that are left is refused") {
  const std::array bytes{std::byte{2}, std::byte{0}, std::byte{0}, std::byte{0},
                         std::byte{1}, std::byte{1}, std::byte{1}};
  std::size_t length = 0;
  CHECK(byte_reader{bytes}.read_length(length, 1));
  CHECK(length == 2);
  CHECK_FALSE(byte_reader{bytes}.read_length(length, 2));
}

TEST_CASE("only 0 and 1 are booleans") {
  const std::array bytes{std::byte{2}};
  bool flag = false;
  CHECK_FALSE(byte_reader{bytes}.read_bool(flag));
}

TEST_CASE("a reader refuses to go deeper than its bound") {
  byte_reader in{{}};
  for (int i = 0; i < byte_reader::max_depth; ++i)
    REQUIRE(in.enter());
  CHECK_FALSE(in.enter());
  CHECK(in.failed());
}
