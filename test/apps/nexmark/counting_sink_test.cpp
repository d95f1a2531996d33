#include "apps/nexmark/counting_sink.hpp"

#include <doctest/doctest.h>

#include <set>

#include "apps/nexmark/queries/packed_bid.hpp"

namespace nexmark {
namespace {

struct named {
  flow::text name;
  std::int64_t number = 0;
};

struct row {
  std::int64_t first = 0;
  std::int64_t second = 0;
  named last;
};

struct flat_row {
  std::int64_t first = 0;
  std::int64_t second = 0;
  flow::text name;
  std::int64_t number = 0;
};

struct bid_columns_apart {
  std::int64_t auction = 0;
  std::int64_t bidder = 0;
  std::int64_t price = 0;
  flow::text channel;
  flow::text url;
  flow::timestamp date_time = 0;
  flow::text extra;
};

template <class Row>
std::uint64_t sum_of(const Row& each) {
  table_checksum result;
  add_row(each, result);
  CHECK(result.rows == 1);
  return result.sum;
}

TEST_CASE("rows that differ anywhere have different checksums") {
  std::set<std::uint64_t> sums;
  for (std::int64_t a : {0, 1, 2, -1})
    for (std::int64_t b : {0, 1, 2, -1})
      for (const char* name : {"", "a", "b", "a name longer than fits inline"})
        for (std::int64_t c : {0, 1, 2})
          sums.insert(sum_of(row{a, b, {name, c}}));
  CHECK(sums.size() == 4 * 4 * 4 * 3);
}

TEST_CASE("structs within a row count as their fields") {
  CHECK(sum_of(row{1, 2, {"three", 4}}) == sum_of(flat_row{1, 2, "three", 4}));
}

TEST_CASE("a packed bid counts as its columns") {
  const bid from{7,     8,      1, 2, 3, "a channel beyond twelve bytes",
                 "url", "extra"};
  bid_packer pack;
  CHECK(sum_of(pack(from))
        == sum_of(bid_columns_apart{1, 2, 3, from.channel, "url", 7, "extra"}));
}

TEST_CASE("what a changelog takes back leaves nothing") {
  table_checksum total;
  const row one{1, 2, {"three", 4}};
  add_row(changed<row>{change::insert, one}, total);
  add_row(changed<row>{change::update_before, one}, total);
  add_row(changed<row>{change::update_after, {1, 2, {"five", 6}}}, total);
  CHECK(total.rows == 3);
  CHECK(total.sum == sum_of(row{1, 2, {"five", 6}}));
}

} // namespace
} // namespace nexmark
