#include "libflow/exchange/element_codec.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "test/support/codec_types.hpp"
#include "test/support/test_seed.hpp"

using namespace flow;
using namespace flow::test;

namespace {

using bytes = std::vector<std::byte>;

struct plain {
  std::int64_t a = 0;
  double b = 0;
  std::array<std::uint32_t, 2> c{};
  friend bool operator==(const plain&, const plain&) = default;
};
static_assert(flow::detail::is_plain_bytes<plain>);
static_assert(flow::detail::is_plain_bytes<std::uint64_t>);
static_assert(!flow::detail::is_exact_bytes<plain>); // a NaN has many forms

struct padded {
  std::uint8_t a = 0;
  std::uint64_t b = 0;
};
static_assert(!flow::detail::is_plain_bytes<padded>);

struct with_flag {
  bool flag = false;
};
static_assert(!flow::detail::is_plain_bytes<with_flag>);
static_assert(!flow::detail::is_plain_bytes<named_point>);

/// Listed in another order than they lie.
struct turned {
  std::uint32_t a = 0;
  std::uint32_t b = 0;
};
FLOW_FIELDS(turned, b, a);
static_assert(!flow::detail::is_plain_bytes<turned>);

bytes encoded_element(const stream_element& what, const batch_codec& codec) {
  bytes result;
  byte_writer out{result};
  REQUIRE(encode_element(what, codec, out));
  return {out.written().begin(), out.written().end()};
}

const batch_codec& numbers() {
  static const typed_batch_codec<std::uint64_t> codec;
  return codec;
}

template <class T>
const record_batch<T>& records_of(const stream_element& element) {
  return static_cast<const record_batch<T>&>(*element.batch());
}

/// A batch as a keyed exchange with a computed key makes it.
stream_element keyed_points(std::size_t count) {
  auto batch = record_batch<named_point>::make();
  for (std::size_t i = 0; i < count; ++i) {
    const auto number = static_cast<std::int32_t>(i);
    batch->append(
      named_point{"the point of number " + std::to_string(i), {number, 7}},
      static_cast<timestamp>(i) * 10);
    const text key{"a key beyond twelve bytes " + std::to_string(i)};
    batch->append_hash(key_hash(key));
    batch->keys<text>().emplace_back(key);
  }
  return stream_element::of_data(batch_ptr{std::move(batch)}, 12'345);
}

using points_codec = typed_batch_codec<named_point, text>;

template <class T>
bool same(std::span<const T> a, std::span<const T> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

} // namespace

TEST_CASE("elements without records come back as they were") {
  const std::vector<stream_element> all{
    stream_element::of_watermark(1000),
    stream_element::of_watermark(max_timestamp),
    stream_element::of_status(stream_status::idle),
    stream_element::of_status(stream_status::active),
    stream_element::of_barrier({7, 99, barrier_kind::savepoint}),
    stream_element::of_barrier_cancelled(8),
    stream_element::of_end_of_data(end_mode::stopped),
    stream_element::of_end_of_partition(),
    stream_element::of_latency_marker({5, 6, 7})};
  for (const auto& each : all) {
    const auto raw = encoded_element(each, numbers());
    const auto back = decode_element(raw, numbers());
    REQUIRE(back);
    CHECK(back->kind() == each.kind());
    CHECK(encoded_element(*back, numbers()) == raw);
  }
}

TEST_CASE("records come back with stamps, hashes and computed keys") {
  const points_codec codec;
  for (const std::size_t count : {0, 1, 1000}) {
    const auto sent = keyed_points(count);
    const auto back = decode_element(encoded_element(sent, codec), codec);
    REQUIRE(back);
    const auto& a = records_of<named_point>(sent);
    const auto& b = records_of<named_point>(*back);
    CHECK(back->watermark() == 12'345);
    CHECK(same(a.values(), b.values()));
    CHECK(same(a.timestamps(), b.timestamps()));
    CHECK(same(a.hashes(), b.hashes()));
    if (count > 0)
      CHECK(same<text>(*a.find_keys<text>(), *b.find_keys<text>()));
  }
}

TEST_CASE("hashes without the keys that they are of are damage") {
  const points_codec codec;
  auto batch = record_batch<named_point>::make();
  batch->append(named_point{}, 0);
  batch->append_hash(5);
  const auto sent = stream_element::of_data(batch_ptr{std::move(batch)});
  CHECK(!decode_element(encoded_element(sent, codec), codec));
}

TEST_CASE("values of numbers are copied whole, in the bytes of their codec") {
  const typed_batch_codec<plain> codec;
  auto batch = record_batch<plain>::make();
  for (int i = 0; i < 100; ++i)
    batch->append(plain{i, i / 3.0, {1, static_cast<std::uint32_t>(i)}}, i);
  const auto sent = stream_element::of_data(batch_ptr{std::move(batch)});
  const auto raw = encoded_element(sent, codec);
  const auto back = decode_element(raw, codec);
  REQUIRE(back);
  const auto values = records_of<plain>(sent).values();
  CHECK(same(records_of<plain>(*back).values(), values));
  bytes one_by_one;
  for (const plain& each : values)
    for (const std::byte byte : encoded(each))
      one_by_one.push_back(byte);
  CHECK(std::equal(one_by_one.rbegin(), one_by_one.rend(), raw.rbegin()));
}

TEST_CASE("a type that the codec knows in all its kinds comes back") {
  const typed_batch_codec<everything> codec;
  auto batch = record_batch<everything>::make();
  batch->append(sample(), 1);
  batch->append(everything{}, 2);
  const auto sent = stream_element::of_data(batch_ptr{std::move(batch)});
  const auto back = decode_element(encoded_element(sent, codec), codec);
  REQUIRE(back);
  CHECK(same(records_of<everything>(*back).values(),
             records_of<everything>(sent).values()));
}

TEST_CASE("every cut and every byte behind the end is noticed") {
  const points_codec codec;
  auto raw = encoded_element(keyed_points(3), codec);
  for (std::size_t size = 0; size < raw.size(); ++size)
    CHECK(!decode_element(std::span(raw).first(size), codec));
  raw.push_back(std::byte{0});
  const auto more = decode_element(raw, codec);
  REQUIRE(!more);
  CHECK(more.error().code == error_code::corrupt_data);
}

TEST_CASE("random and mutated bytes do no harm") {
  const points_codec points;
  const typed_batch_codec<everything> all;
  std::mt19937_64 random{test_seed()};
  const auto origin = encoded_element(keyed_points(20), points);
  std::size_t accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    bytes raw = origin;
    if (round % 4 == 0)
      raw.resize(random() % 200);
    for (auto& byte : raw)
      if (round % 4 == 0)
        byte = static_cast<std::byte>(random());
    if (!raw.empty())
      raw[0] = static_cast<std::byte>(random() % 8);
    for (auto flips = random() % 4; flips-- > 0 && !raw.empty();)
      raw[random() % raw.size()] = static_cast<std::byte>(random());
    accepted += decode_element(raw, points).has_value() ? 1 : 0;
    accepted += decode_element(raw, all).has_value() ? 1 : 0;
  }
  CHECK(accepted > 0); // some mutations only change a value
}

TEST_CASE("a count is not believed before its bytes are there") {
  bytes raw = encoded_element(
    stream_element::of_data(batch_ptr{record_batch<std::uint64_t>::make()}),
    numbers());
  const std::uint32_t count = std::numeric_limits<std::uint32_t>::max();
  std::memcpy(raw.data() + raw.size() - sizeof count, &count, sizeof count);
  CHECK(!decode_element(raw, numbers()));
}

TEST_CASE("few bytes cannot stand for more memory than a batch may take") {
  using large = std::optional<std::array<std::uint64_t, 1024>>;
  const typed_batch_codec<large> codec;
  auto batch = record_batch<large>::make();
  for (int i = 0; i < 10'000; ++i)
    batch->append(large{}, 0);
  const auto raw = encoded_element(
    stream_element::of_data(batch_ptr{std::move(batch)}), codec);
  CHECK(raw.size() < 100'000);
  CHECK(!decode_element(raw, codec));
}

namespace {

struct thrower {
  int value = 0;
  template <class Archive>
  void serialize(Archive&) {
    throw std::runtime_error{"no such value"};
  }
};

} // namespace

TEST_CASE("what a serialize throws is an error that says so") {
  const typed_batch_codec<thrower> codec;
  auto batch = record_batch<thrower>::make();
  batch->append(thrower{}, 0);
  bytes out;
  byte_writer writer{out};
  const auto done = encode_element(
    stream_element::of_data(batch_ptr{std::move(batch)}), codec, writer);
  REQUIRE(!done);
  CHECK(done.error().code == error_code::user_function);
  CHECK(done.error().text.find("no such value") != std::string::npos);
}
