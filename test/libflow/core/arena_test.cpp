#include "libflow/core/arena.hpp"

#include <cstring>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

using flow::arena;

TEST_CASE("an arena without texts has allocated nothing") {
  arena a;
  CHECK(a.bytes() == 0);
  CHECK(a.capacity() == 0);
  a.clear();
  CHECK(a.capacity() == 0);
}

TEST_CASE("allocations do not overlap and stay where they are") {
  arena a;
  std::vector<char*> places;
  constexpr std::size_t size = 37;
  for (int i = 0; i < 5000; ++i) {
    places.push_back(a.allocate(size));
    std::memset(places.back(), i % 128, size);
  }
  CHECK(a.bytes() == 5000 * size);
  bool intact = true;
  for (int i = 0; i < 5000; ++i)
    for (std::size_t k = 0; k < size; ++k)
      intact = intact && places[static_cast<std::size_t>(i)][k] == i % 128;
  CHECK(intact);
}

TEST_CASE("the first chunk holds 1 KiB") {
  arena a;
  CHECK(a.allocate(20) != nullptr);
  CHECK(a.capacity() == arena::min_chunk_bytes);
}

TEST_CASE("a large request leaves the current chunk in use") {
  arena a;
  auto* first = a.allocate(16);
  auto* large = a.allocate(1 << 20);
  std::memset(large, 1, 1 << 20);
  auto* second = a.allocate(16);
  CHECK(second == first + 16);
  CHECK(a.bytes() == (1 << 20) + 32);
}

TEST_CASE("clear keeps one chunk of at most 64 KiB for reuse") {
  arena a;
  for (int i = 0; i < 1000; ++i)
    std::memset(a.allocate(1000), 0, 1000);
  std::memset(a.allocate(1 << 20), 0, 1 << 20);
  a.clear();
  CHECK(a.bytes() == 0);
  CHECK(a.capacity() == arena::max_chunk_bytes);
  for (int i = 0; i < 60; ++i)
    std::memset(a.allocate(1000), 0, 1000);
  CHECK(a.capacity() == arena::max_chunk_bytes);
}

TEST_CASE("clear gives back what only large requests had allocated") {
  arena a;
  CHECK(a.allocate(1 << 20) != nullptr);
  a.clear();
  CHECK(a.capacity() == 0);
  CHECK(a.allocate(8) != nullptr);
}

TEST_CASE("moving an arena leaves the bytes in place and the source empty") {
  arena a;
  auto* place = a.allocate(5);
  std::memcpy(place, "bytes", 5);
  arena b{std::move(a)};
  CHECK(std::memcmp(place, "bytes", 5) == 0);
  CHECK(b.bytes() == 5);
  CHECK(a.bytes() == 0);
  CHECK(a.capacity() == 0);
  CHECK(a.allocate(5) != place);
  a = std::move(b);
  CHECK(a.bytes() == 5);
  CHECK(std::memcmp(place, "bytes", 5) == 0);
}

TEST_CASE("scopes nest and restore the former arena") {
  arena a;
  CHECK(flow::detail::current_arena == nullptr);
  {
    flow::arena_scope outer{&a};
    CHECK(flow::detail::current_arena == &a);
    {
      flow::arena_scope inner{nullptr};
      CHECK(flow::detail::current_arena == nullptr);
    }
    CHECK(flow::detail::current_arena == &a);
  }
  CHECK(flow::detail::current_arena == nullptr);
}
