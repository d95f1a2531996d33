#include "libflow/job/slot_pool.hpp"

#include <doctest/doctest.h>

#include <set>

namespace slot_pool_test {

using namespace flow;

using refs = std::vector<slot_ref>;

TEST_CASE("chains of one sharing group share slots, subtask by subtask") {
  slot_pool pool;
  pool.add_worker(0, 3);
  const auto got = pool.allocate({{"default", 1}, {"default", 3}});
  REQUIRE(got);
  CHECK(got->at(0) == refs{{0, 0}});
  CHECK(got->at(1) == refs{{0, 0}, {0, 1}, {0, 2}});
  CHECK(pool.free_count() == 0);
}

TEST_CASE("sharing groups never share a slot") {
  slot_pool pool;
  pool.add_worker(0, 5);
  const auto got = pool.allocate({{"a", 2}, {"b", 1}, {"a", 1}, {"b", 2}});
  REQUIRE(got);
  CHECK(got->at(0) == refs{{0, 0}, {0, 1}});
  CHECK(got->at(1) == refs{{0, 2}});
  CHECK(got->at(2) == refs{{0, 0}});
  CHECK(got->at(3) == refs{{0, 2}, {0, 3}});
  CHECK(pool.free_count() == 1);
}

TEST_CASE("subtasks are spread over workers, in whatever order they came") {
  for (const bool reversed : {false, true}) {
    slot_pool pool;
    pool.add_worker(reversed ? 7 : 2, 2);
    pool.add_worker(reversed ? 2 : 7, 2);
    const auto got = pool.allocate({{"default", 3}});
    REQUIRE(got);
    CHECK(got->at(0) == refs{{2, 0}, {7, 0}, {2, 1}});
  }
}

TEST_CASE("too few slots take none and say what is needed") {
  slot_pool pool;
  pool.add_worker(0, 4);
  REQUIRE(pool.allocate({{"default", 1}}));
  const auto got = pool.allocate({{"default", 3}, {"heavy", 2}});
  REQUIRE_FALSE(got);
  CHECK(got.error().text
        == "the job needs 5 slots (3 for sharing group 'default', 2 for "
           "sharing group 'heavy'), 3 of 4 are free: raise "
           "taskmanager.numberOfTaskSlots, add workers or lower the "
           "parallelism");
  CHECK(pool.free_count() == 3);
}

TEST_CASE("released slots are given out again") {
  slot_pool pool;
  pool.add_worker(0, 2);
  const auto first = pool.allocate({{"default", 2}});
  REQUIRE(first);
  CHECK_FALSE(pool.allocate({{"default", 1}}));
  pool.release(*first);
  CHECK(pool.free_count() == 2);
  CHECK(pool.allocate({{"default", 2}}).value() == *first);
}

TEST_CASE("the slots of a lost worker are gone, taken or not") {
  slot_pool pool;
  pool.add_worker(0, 2);
  pool.add_worker(1, 2);
  const auto got = pool.allocate({{"default", 2}});
  REQUIRE(got);
  pool.remove_worker(1);
  pool.remove_worker(9);
  CHECK(pool.total_count() == 2);
  CHECK(pool.free_count() == 1);
  pool.release(*got);
  CHECK(pool.free_count() == 2);
  pool.add_worker(1, 1);
  CHECK(pool.free_count() == 3);
}

TEST_CASE("what an embedded cluster offers by itself is enough") {
  const std::vector<slot_request> requests = {
    {"a", 4}, {"b", 2}, {"a", 1}, {"c", 3}};
  CHECK(slots_needed(requests) == 9);
  slot_pool pool;
  pool.add_worker(0, 9);
  CHECK(pool.allocate(requests));
  CHECK(pool.free_count() == 0);
  CHECK(slots_needed({}) == 0);
}

} // namespace slot_pool_test
