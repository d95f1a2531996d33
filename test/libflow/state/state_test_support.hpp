#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "libflow/core/bytes.hpp"
#include "libflow/core/hash.hpp"
#include "libflow/state/keyed_state.hpp"

namespace flow::test {

/// The seed of a randomised test: FLOW_TEST_SEED, or a fixed one.
inline std::uint64_t seed() {
  const char* given = std::getenv("FLOW_TEST_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 0) : 20240917;
}

inline std::vector<std::byte> bytes_of(keyed_state_snapshot snapshot) {
  std::vector<std::byte> out;
  {
    byte_writer writer{out};
    write_keyed_state(snapshot, writer);
  }
  return out;
}

inline std::string hex_of(std::span<const std::byte> bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string result;
  for (const std::byte byte : bytes) {
    result += digits[std::to_integer<unsigned>(byte) >> 4];
    result += digits[std::to_integer<unsigned>(byte) & 15];
  }
  return result;
}

} // namespace flow::test
