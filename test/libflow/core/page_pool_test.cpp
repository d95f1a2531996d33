#include "libflow/core/page_pool.hpp"

#include <algorithm>
#include <cstring>
#include <thread>

#include <doctest/doctest.h>

#include "libflow/core/shared_bytes.hpp"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

using namespace flow;

namespace {

constexpr std::size_t size = page_pool::block_bytes;

bool readable([[maybe_unused]] const std::byte* bytes) {
#if defined(__SANITIZE_ADDRESS__)
  return __asan_address_is_poisoned(bytes) == 0;
#else
  return true;
#endif
}

std::vector<page_pool::block> taken(page_pool& from, std::size_t count) {
  std::vector<page_pool::block> result;
  for (std::size_t i = 0; i < count; ++i) {
    result.push_back(from.take());
    std::memset(result.back().get(), static_cast<int>(i + 1), size);
  }
  return result;
}

std::vector<std::byte> numbered(std::size_t count) {
  std::vector<std::byte> result(count);
  for (std::size_t i = 0; i < count; ++i)
    result[i] = static_cast<std::byte>(i * 7 + i / 1000);
  return result;
}

/// The same bytes in blocks of a pool.
shared_bytes in_blocks(page_pool& pool, const std::vector<std::byte>& bytes) {
  std::vector<page_pool::block> blocks;
  for (std::size_t at = 0; at < bytes.size(); at += size) {
    blocks.push_back(pool.take());
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                std::min(size, bytes.size() - at), blocks.back().get());
  }
  return {std::move(blocks), bytes.size()};
}

} // namespace

TEST_CASE("a block that was given back is used again") {
  const auto pool = page_pool::make();
  auto held = taken(*pool, 3);
  auto* const last = held.back().get();
  CHECK(pool->bytes_in_use() == 3 * size);
  CHECK(pool->bytes_waiting() == 0);
  held.pop_back();
  CHECK(pool->bytes_in_use() == 2 * size);
  CHECK(pool->bytes_waiting() == size);
#if defined(__SANITIZE_ADDRESS__)
  CHECK_FALSE(readable(last));
#endif
  const auto again = pool->take();
  CHECK(again.get() == last);
  CHECK(readable(last));
  CHECK(pool->bytes_waiting() == 0);
}

TEST_CASE("no more blocks wait than are in use") {
  const auto pool = page_pool::make();
  auto held = taken(*pool, 10);
  for (std::size_t left = 10; left-- > 0;) {
    held.pop_back();
    CHECK(pool->bytes_in_use() == left * size);
    CHECK(pool->bytes_waiting() == std::min(10 - left, left) * size);
  }
  CHECK(pool->bytes_waiting() == 0);
}

TEST_CASE("blocks outlive whoever asked for them") {
  auto pool = page_pool::make();
  auto held = taken(*pool, 2);
  pool.reset();
  CHECK(held[1][size - 1] == std::byte{2});
}

TEST_CASE("threads share a pool") {
  const auto pool = page_pool::make();
  const auto use = [&](int mark) {
    for (int i = 0; i < 50; ++i) {
      std::vector<page_pool::block> mine;
      for (int n = 0; n < 3; ++n) {
        mine.push_back(pool->take());
        mine.back()[0] = mine.back()[size - 1] = static_cast<std::byte>(mark);
      }
      for (const auto& each : mine)
        if (each[0] != static_cast<std::byte>(mark)
            || each[0] != each[size - 1])
          return false;
    }
    return true;
  };
  bool other = false;
  std::thread thread{[&] { other = use(1); }};
  CHECK(use(2));
  thread.join();
  CHECK(other);
  CHECK(pool->bytes_in_use() == 0);
}

TEST_CASE("shared bytes are the same in one piece and in several") {
  const auto pool = page_pool::make();
  for (const std::size_t count : {std::size_t{0}, std::size_t{1}, size - 1,
                                  size, size + 1, 3 * size, 3 * size + 17}) {
    const auto bytes = numbered(count);
    const shared_bytes whole{bytes};
    const shared_bytes pieces = in_blocks(*pool, bytes);
    CHECK(whole.size() == count);
    CHECK(pieces.size() == count);
    CHECK((whole == pieces));
    CHECK((pieces.whole() == bytes));
    std::size_t seen = 0;
    pieces.for_each_piece([&](auto piece) { seen += piece.size(); });
    CHECK(seen == count);
    if (count > 0) {
      auto other = bytes;
      other.back() ^= std::byte{1};
      CHECK_FALSE((pieces == shared_bytes{other}));
      other.pop_back();
      CHECK_FALSE((pieces == shared_bytes{other}));
    }
  }
}

TEST_CASE("shared bytes are encoded as a vector of them") {
  const auto pool = page_pool::make();
  const auto bytes = numbered(size + 5);
  std::vector<std::byte> as_vector;
  std::vector<std::byte> as_pieces;
  {
    byte_writer to_vector{as_vector};
    byte_writer to_pieces{as_pieces};
    codec<std::vector<std::byte>>::encode(bytes, to_vector);
    codec<shared_bytes>::encode(in_blocks(*pool, bytes), to_pieces);
  }
  CHECK((as_vector == as_pieces));
  CHECK(codec<shared_bytes>::schema()
        == codec<std::vector<std::byte>>::schema());
  byte_reader in{as_pieces};
  shared_bytes read;
  REQUIRE(codec<shared_bytes>::decode(in, read));
  CHECK(in.finished());
  CHECK((read == shared_bytes{bytes}));
  byte_reader cut{std::span{as_pieces}.first(as_pieces.size() - 1)};
  CHECK_FALSE(codec<shared_bytes>::decode(cut, read));
}

TEST_CASE("blocks are recycled when the last copy of their bytes ends") {
  const auto pool = page_pool::make();
  const auto bytes = numbered(2 * size);
  const auto others = taken(*pool, 2); // so that two may wait
  shared_bytes first = in_blocks(*pool, bytes);
  const std::byte* begin = nullptr;
  first.for_each_piece(
    [&](auto piece) { begin = begin ? begin : piece.data(); });
  shared_bytes copy = first;
  first = {};
  CHECK(pool->bytes_waiting() == 0);
  CHECK(readable(begin));
  CHECK((copy.whole() == bytes));
  copy = shared_bytes{};
  CHECK(pool->bytes_waiting() == 2 * size);
#if defined(__SANITIZE_ADDRESS__)
  CHECK_FALSE(readable(begin));
#endif
}
