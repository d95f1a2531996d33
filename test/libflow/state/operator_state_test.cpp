#include "libflow/state/operator_state.hpp"

#include <numeric>

#include "libflow/core/crc32c.hpp"
#include "test/libflow/state/state_test_support.hpp"

namespace operator_state_test {

using namespace flow;

namespace {

std::vector<std::vector<int>> lists_of(std::vector<int> sizes) {
  std::vector<std::vector<int>> result;
  int next = 0;
  for (const int size : sizes) {
    auto& list = result.emplace_back(static_cast<std::size_t>(size));
    std::iota(list.begin(), list.end(), next);
    next += size;
  }
  return result;
}

std::vector<int> sizes_of(const std::vector<std::vector<int>>& lists) {
  std::vector<int> result;
  for (const auto& list : lists)
    result.push_back(static_cast<int>(list.size()));
  return result;
}

using parts = std::vector<operator_state_part>;

const list_state_descriptor<std::int64_t> offsets{"offsets"};
const union_list_state_descriptor<text> seen{"seen"};
const broadcast_state_descriptor<std::int32_t, text> rules{"rules"};

parts snapshot_of(std::vector<std::int64_t> list, const char* united,
                  const char* rule) {
  operator_state_store store;
  store.list(offsets).value().set(std::move(list));
  store.union_list(seen).value().add(united);
  store.broadcast(rules).value()->set(1, rule);
  return store.snapshot();
}

struct restored {
  explicit restored(const parts& from) { REQUIRE(store.restore(from)); }
  operator_state_store store;
  operator_list_state<std::int64_t> list = store.list(offsets).value();
  union_list_state<text> united = store.union_list(seen).value();
  broadcast_state<std::int32_t, text>* map = store.broadcast(rules).value();

  restored(const restored&) = delete;
};

} // namespace

TEST_CASE("list entries are dealt out in runs of lengths that differ by one") {
  using sizes = std::vector<int>;
  CHECK(sizes_of(redistribute(lists_of({3, 4}), 3)) == sizes{3, 2, 2});
  CHECK(sizes_of(redistribute(lists_of({3, 4}), 4)) == sizes{2, 2, 2, 1});
  CHECK(sizes_of(redistribute(lists_of({1, 1}), 3)) == sizes{1, 1, 0});
  CHECK(sizes_of(redistribute(lists_of({1, 1}), 3, 2)) == sizes{1, 0, 1});
  CHECK(sizes_of(redistribute(lists_of({0, 5, 0}), 2)) == sizes{3, 2});
  CHECK(sizes_of(redistribute(lists_of({}), 2)) == sizes{0, 0});
  CHECK(redistribute(lists_of({3, 4}), 1)
        == std::vector<std::vector<int>>{{0, 1, 2, 3, 4, 5, 6}});
}

TEST_CASE("at the same parallelism every subtask gets its own list") {
  CHECK(redistribute(lists_of({0, 7, 1}), 3) == lists_of({0, 7, 1}));
}

TEST_CASE("2 -> 3 -> 2 loses and reorders nothing") {
  for (int first = 0; first < 6; ++first) {
    const auto there = redistribute(lists_of({first, 5}), 3);
    const auto back = redistribute(there, 2);
    std::vector<int> all;
    for (const auto& list : back)
      all.insert(all.end(), list.begin(), list.end());
    std::vector<int> expected(static_cast<std::size_t>(first) + 5);
    std::iota(expected.begin(), expected.end(), 0);
    CHECK(all == expected);
  }
}

TEST_CASE("each kind of operator state is redistributed by its own rule") {
  const std::vector<parts> old{snapshot_of({1, 2, 3}, "first", "rule"),
                               snapshot_of({4}, "second", "rule")};
  const auto dealt = redistribute_states(old, 3);
  REQUIRE(dealt);
  REQUIRE(dealt->size() == 3);
  std::vector<std::int64_t> all;
  for (const auto& part : *dealt) {
    restored one{part};
    all.insert(all.end(), one.list.get().begin(), one.list.get().end());
    CHECK(one.united.get() == std::vector<text>{"first", "second"});
    REQUIRE(one.map->find(1) != nullptr);
    CHECK(*one.map->find(1) == "rule");
    CHECK(one.map->find(2) == nullptr);
  }
  CHECK(all == std::vector<std::int64_t>{1, 2, 3, 4});
}

TEST_CASE("the same parallelism still gives everyone all union entries") {
  const std::vector<parts> old{snapshot_of({1}, "first", "a"),
                               snapshot_of({2}, "second", "a")};
  const auto dealt = redistribute_states(old, 2).value();
  restored second{dealt[1]};
  CHECK(second.list.get() == std::vector<std::int64_t>{2});
  CHECK(second.united.get().size() == 2);
}

TEST_CASE("several lists do not all burden the first subtasks") {
  operator_state_store store;
  for (const char* name : {"a", "b", "c"})
    store.list(list_state_descriptor<std::int64_t>{name}).value().add(1);
  const std::vector<parts> old{store.snapshot()};
  const auto dealt = redistribute_states(old, 3).value();
  for (const auto& part : dealt) {
    std::size_t entries = 0;
    for (const auto& state : part)
      entries += state.entries.size();
    CHECK(entries == 1);
  }
}

TEST_CASE("a state that only some old subtasks had is still restored") {
  operator_state_store none;
  const std::vector<parts> old{none.snapshot(), snapshot_of({8}, "x", "y")};
  const auto dealt = redistribute_states(old, 1).value();
  restored one{dealt.front()};
  CHECK(one.list.get() == std::vector<std::int64_t>{8});
}

TEST_CASE("everyone gets a copy of a broadcast state that only some had") {
  operator_state_store none;
  const std::vector<parts> old{none.snapshot(), snapshot_of({}, "", "one"),
                               snapshot_of({}, "", "two")};
  for (const std::size_t parallelism : {1, 2, 3, 5}) {
    const auto dealt = redistribute_states(old, parallelism).value();
    for (std::size_t i = 0; i < parallelism; ++i) {
      CAPTURE(i);
      restored at{dealt[i]};
      REQUIRE(at.map->find(1) != nullptr);
      if (i == 1 || i == 2)
        CHECK(*at.map->find(1) == (i == 1 ? "one" : "two"));
    }
  }
}

TEST_CASE("a store says about how many bytes it holds") {
  operator_state_store store;
  CHECK(store.bytes() == 0);
  auto list = store.list(offsets).value();
  list.set(std::vector<std::int64_t>(1000));
  const std::size_t with_list = store.bytes();
  CHECK(with_list >= 8000);
  store.broadcast(rules).value()->set(1, "rule");
  CHECK(store.bytes() > with_list);
  list.set({});
  store.broadcast(rules).value()->clear();
  CHECK(store.bytes() == 0);
}

TEST_CASE("another type of an operator state is refused by name") {
  operator_state_store store;
  REQUIRE(store.list(list_state_descriptor<text>{"offsets"}));
  const auto again = store.list(offsets);
  REQUIRE(!again);
  CHECK(again.error().text.find("offsets") != std::string::npos);
  const auto result = store.restore(snapshot_of({1}, "", ""));
  REQUIRE(!result);
  CHECK(result.error().code == error_code::incompatible);
}

TEST_CASE("an operator state is one kind and one version, without an end") {
  operator_state_store store;
  REQUIRE(store.list(offsets));
  CHECK(store.list(offsets));
  using numbers = std::int64_t;
  CHECK(!store.union_list(union_list_state_descriptor<numbers>{"offsets"}));
  CHECK(!store.list(list_state_descriptor<numbers>{"offsets", {}, 2}));
  CHECK(!store.list(list_state_descriptor<numbers>{"short", state_ttl{}}));
  operator_state_store newer;
  REQUIRE(newer.list(list_state_descriptor<numbers>{"offsets", {}, 2}));
  CHECK(!newer.restore(store.snapshot()));
}

TEST_CASE("operator state as bytes comes back, and damage is noticed") {
  const auto original = snapshot_of({1, -2}, "united", "rule");
  std::vector<std::byte> bytes;
  {
    byte_writer out{bytes};
    write_operator_state(original, out);
  }
  CHECK(read_operator_state(bytes).value() == original);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    CAPTURE(i);
    const std::vector<std::byte> cut(
      bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(i));
    CHECK(!read_operator_state(cut));
    auto damaged = bytes;
    damaged[i] ^= std::byte{0x10};
    const auto result = read_operator_state(damaged);
    REQUIRE(!result);
    CHECK(result.error().code == error_code::corrupt_data);
  }
}

TEST_CASE("the checksum is CRC-32C, also when summed in parts") {
  const std::string_view digits = "123456789";
  const auto bytes = std::as_bytes(std::span{digits});
  CHECK(crc32c(bytes) == 0xe3069283);
  CHECK(crc32c(bytes.subspan(4), crc32c(bytes.first(4))) == 0xe3069283);
  CHECK(crc32c({}) == 0);
}

} // namespace operator_state_test
