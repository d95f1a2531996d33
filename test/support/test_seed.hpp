#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>

/// Seed of a randomised test: FLOW_TEST_SEED, else a fresh one. Prints it, so
/// that a failure can be repeated.
inline std::uint64_t test_seed() {
  const char* text = std::getenv("FLOW_TEST_SEED");
  const std::uint64_t seed =
    text != nullptr ? std::stoull(text) : std::random_device{}();
  MESSAGE("FLOW_TEST_SEED=" << seed);
  return seed;
}
