#include <algorithm>
#include <random>
#include <span>

#include <doctest/doctest.h>

#include "test/support/codec_types.hpp"
#include "test/support/test_seed.hpp"

using flow::text;
using flow::test::decoded;
using flow::test::encoded;
using flow::test::everything;

namespace {

std::vector<std::byte> length(std::uint32_t value) {
  return encoded(value);
}

} // namespace

TEST_CASE("every truncation of a record is refused") {
  const auto bytes = encoded(flow::test::sample());
  REQUIRE(decoded<everything>(bytes).has_value());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CAPTURE(size);
    REQUIRE_FALSE(
      decoded<everything>(std::span{bytes}.first(size)).has_value());
  }
}

TEST_CASE("huge lengths are refused before anything is allocated") {
  for (const std::uint32_t value : {5U, 0x7fffffffU, 0xffffffffU}) {
    const auto bytes = length(value);
    CHECK_FALSE(decoded<std::string>(bytes).has_value());
    CHECK_FALSE(decoded<text>(bytes).has_value());
    CHECK_FALSE(decoded<std::vector<std::uint64_t>>(bytes).has_value());
    CHECK_FALSE(decoded<std::vector<bool>>(bytes).has_value());
    CHECK_FALSE(decoded<std::vector<everything>>(bytes).has_value());
    CHECK_FALSE(
      decoded<std::vector<flow::test::empty_record>>(bytes).has_value());
    CHECK_FALSE((decoded<std::map<int, int>>(bytes).has_value()));
    CHECK_FALSE((decoded<std::unordered_map<int, int>>(bytes).has_value()));
    CHECK_FALSE(decoded<std::unordered_set<text>>(bytes).has_value());
  }
}

TEST_CASE("a length that fits in bytes but not in elements is refused") {
  auto bytes = length(16);
  bytes.resize(bytes.size() + 16);
  CHECK(decoded<std::vector<std::uint8_t>>(bytes).has_value());
  CHECK_FALSE(decoded<std::vector<std::uint16_t>>(bytes).has_value());
}

TEST_CASE("a key that comes twice is damage") {
  const std::vector<std::pair<int, int>> twice{{1, 2}, {1, 3}};
  const std::vector<int> keys{4, 4};
  CHECK_FALSE((decoded<std::map<int, int>>(encoded(twice)).has_value()));
  CHECK_FALSE(
    (decoded<std::unordered_map<int, int>>(encoded(twice)).has_value()));
  CHECK_FALSE(decoded<std::set<int>>(encoded(keys)).has_value());
  CHECK_FALSE(decoded<std::unordered_set<int>>(encoded(keys)).has_value());
}

TEST_CASE("tags without a meaning are refused") {
  const std::vector<std::byte> bytes(10, std::byte{7});
  CHECK_FALSE(decoded<bool>(std::span{bytes}.first(1)).has_value());
  CHECK_FALSE(decoded<std::optional<std::uint8_t>>(std::span{bytes}.first(2))
                .has_value());
  CHECK_FALSE(
    (decoded<std::variant<std::uint8_t, bool>>(std::span{bytes}.first(2))
       .has_value()));
}

TEST_CASE("random bytes never do more than fail or decode") {
  std::mt19937_64 random{test_seed()};
  std::size_t good = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::vector<std::byte> bytes(random() % 400);
    for (auto& b : bytes)
      b = random() % 2 == 0 ? std::byte{0} : std::byte(random() % 256);
    good += decoded<everything>(bytes).has_value() ? 1 : 0;
    good += decoded<std::vector<text>>(bytes).has_value() ? 1 : 0;
  }
  CHECK(good < 40'000);
}

TEST_CASE("a record with changed bytes fails or decodes to what encodes") {
  std::mt19937_64 random{test_seed()};
  const auto original = encoded(flow::test::sample());
  for (int i = 0; i < 20'000; ++i) {
    auto bytes = original;
    for (auto flips = random() % 4 + 1; flips > 0; --flips)
      bytes[random() % bytes.size()] = std::byte(random() % 256);
    const auto value = decoded<everything>(bytes);
    if (value.has_value())
      REQUIRE(encoded(*value).size() == bytes.size());
  }
}
