#include "libflow/core/crc32c.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <random>
#include <string_view>
#include <vector>

#include "test/support/test_seed.hpp"

using flow::crc32c;

TEST_CASE("the sum of the standard's example") {
  const std::string_view text = "123456789";
  CHECK(crc32c(std::as_bytes(std::span{text})) == 0xe3069283);
  CHECK(crc32c({}) == 0);
}

TEST_CASE("parts that are summed one after the other make the whole") {
  std::mt19937_64 random{test_seed()};
  for (int round = 0; round < 200; ++round) {
    std::vector<std::byte> bytes(random() % 20'000);
    for (auto& each : bytes)
      each = static_cast<std::byte>(random());
    std::uint32_t sum = 0;
    for (const std::byte& each : bytes)
      sum = crc32c({&each, 1}, sum);
    CHECK(crc32c(bytes) == sum);
    const std::size_t cut = random() % (bytes.size() + 1);
    const auto first = crc32c(std::span{bytes}.first(cut));
    CHECK(crc32c(std::span{bytes}.subspan(cut), first) == sum);
  }
}
