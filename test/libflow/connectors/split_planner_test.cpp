#include "libflow/connectors/files/split_planner.hpp"

#include <doctest/doctest.h>

using namespace flow;

TEST_CASE("a small file is one piece, and an empty one is none") {
  split_planner small{9, 5000, 4};
  auto piece = small.next();
  REQUIRE(piece);
  CHECK(piece->split == file_split{9, 5000});
  CHECK_FALSE(piece->started);
  CHECK_FALSE(small.next());
  CHECK(small.empty());
  CHECK_FALSE((split_planner{0, 0, 1}.next()));
}

TEST_CASE("pieces are a quarter of a reader's share, within their bounds") {
  constexpr std::uint64_t mib = 1 << 20;
  CHECK(split_planner{0, 64 * mib, 4}.piece_bytes() == 4 * mib);
  CHECK(split_planner{0, mib, 100}.piece_bytes() == min_split_bytes);
  CHECK(split_planner{0, 4096 * mib, 1}.piece_bytes() == max_split_bytes);
}

TEST_CASE("pieces cover the file in order without gap or overlap") {
  auto planner = split_planner::with_piece(7, 100, 10);
  std::uint64_t at = 7;
  while (auto piece = planner.next()) {
    CHECK(piece->split.begin == at);
    CHECK(piece->offset == at);
    at = piece->split.end;
  }
  CHECK(at == 100);
}

TEST_CASE(
  "what a failed reader gives back is handed out first, in file order") {
  auto planner = split_planner::with_piece(0, 40, 10);
  auto first = planner.next();
  auto second = planner.next();
  second->offset = 15;
  second->started = true;
  planner.give_back(*second);
  planner.give_back(*first);
  CHECK(planner.next() == first);
  CHECK(planner.next() == second);
  CHECK(planner.next()->split == file_split{20, 30});
}

TEST_CASE("a planner goes on from its snapshot") {
  auto planner = split_planner::with_piece(0, 100, 10);
  auto first = planner.next();
  (void)planner.next();
  planner.give_back(*first);
  std::vector<std::byte> bytes;
  planner.snapshot(bytes);
  auto restored = split_planner::restore(bytes);
  REQUIRE(restored);
  for (;;) {
    auto expected_piece = planner.next();
    CHECK(restored->next() == expected_piece);
    if (!expected_piece)
      break;
  }
}

TEST_CASE("damaged snapshots are refused, whatever their length") {
  auto planner = split_planner::with_piece(0, 100, 10);
  planner.give_back(*planner.next());
  std::vector<std::byte> bytes;
  planner.snapshot(bytes);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    auto restored = split_planner::restore(std::span{bytes}.first(size));
    REQUIRE_FALSE(restored);
    CHECK(restored.error().code == error_code::corrupt_data);
  }
  bytes.push_back(std::byte{0});
  CHECK_FALSE(split_planner::restore(bytes));
}
