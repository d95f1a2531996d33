#include "libflow/core/text_heap.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <cstring>
#include <mutex>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "libflow/core/assert.hpp"
#include "test/support/test_seed.hpp"

namespace flow::detail {

namespace {

/// A block that knows what was written to it.
struct block {
  char* bytes = nullptr;
  std::size_t size = 0;
  char filler = 0;

  static block make(std::size_t size, char filler) {
    block result{take_text_bytes(size), size, filler};
    std::memset(result.bytes, filler, size);
    return result;
  }
  [[nodiscard]] bool is_intact() const {
    for (std::size_t i = 0; i < size; ++i)
      if (bytes[i] != filler)
        return false;
    return true;
  }
  void give() const { give_text_bytes(bytes, size); }
};

} // namespace

TEST_CASE("bytes of all sizes lie apart and come back") {
  std::vector<block> all;
  for (int round = 0; round < 3; ++round) {
    for (std::size_t size = 1; size <= 700; ++size)
      all.push_back(block::make(size, static_cast<char>(size * 7)));
    for (const block& each : all)
      CHECK(each.is_intact());
    for (const block& each : all)
      each.give();
    all.clear();
  }
}

TEST_CASE("what one thread frees another one takes again") {
  constexpr std::size_t size = 100;
  constexpr std::size_t count = 5000;
  std::set<char*> seen;
  for (int round = 0; round < 20; ++round) {
    std::vector<block> made;
    std::jthread{[&] {
      for (std::size_t i = 0; i < count; ++i)
        made.push_back(block::make(size, 'a'));
    }}.join();
    for (const block& each : made)
      seen.insert(each.bytes);
    std::jthread{[&] {
      for (const block& each : made)
        each.give();
    }}.join();
  }
#if !defined(__SANITIZE_ADDRESS__)
  CHECK(seen.size() < 2 * count);
#endif
}

TEST_CASE("threads that exchange blocks never share one") {
  std::mutex mutex;
  std::vector<block> shared; // guarded by mutex
  const std::uint64_t seed = test_seed();
  const auto work = [&](std::uint64_t number) {
    std::mt19937_64 random{seed + number};
    std::vector<block> own;
    for (int step = 0; step < 20'000; ++step) {
      own.push_back(
        block::make(1 + random() % 600, static_cast<char>(random())));
      if (random() % 4 == 0) {
        const std::lock_guard guard{mutex};
        std::swap(own, shared);
      }
      while (own.size() > 100 || (!own.empty() && random() % 2 == 0)) {
        FLOW_ASSERT(own.back().is_intact(), "somebody else wrote here");
        own.back().give();
        own.pop_back();
      }
    }
    for (const block& each : own)
      each.give();
  };
  std::vector<std::jthread> threads;
  for (std::uint64_t i = 0; i < 3; ++i)
    threads.emplace_back(work, i);
  threads.clear();
  for (const block& each : shared) {
    CHECK(each.is_intact());
    each.give();
  }
}

} // namespace flow::detail
