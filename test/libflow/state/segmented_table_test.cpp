#include "libflow/state/segmented_table.hpp"

#include <map>
#include <string>

#include "test/libflow/state/state_test_support.hpp"

namespace segmented_table_test {

using namespace flow;

namespace {

template <class K>
K key_of(std::uint64_t number) {
  if constexpr (std::is_integral_v<K>)
    return static_cast<K>(number);
  else if (number % 2 == 0)
    return K{std::to_string(number)};
  else // long enough to be held outside
    return K{"a key that is longer than those held inline "
             + std::to_string(number)};
}

template <class Table>
auto contents(const Table& table) {
  std::map<typename Table::key_type, typename Table::value_type> result;
  table.for_each([&](const auto& key, const auto& value) {
    REQUIRE(result.emplace(key, value).second);
  });
  return result;
}

template <class Snapshot, class Map>
void check_snapshot(const Snapshot& snapshot, const Map& expected) {
  REQUIRE(snapshot.size() == expected.size());
  std::size_t seen = 0;
  snapshot.for_each([&](const auto& key, const auto& value) {
    const auto found = expected.find(key);
    REQUIRE(found != expected.end());
    REQUIRE(found->second == value);
    ++seen;
  });
  REQUIRE(seen == expected.size());
}

/// Random operations on a table and a std::map, snapshots held meanwhile.
template <class K, class V>
void compare_with_map(std::uint64_t seed, std::uint64_t keys, int operations) {
  CAPTURE(seed);
  std::mt19937_64 random{seed};
  auto pool = std::make_shared<segment_pool>();
  {
    segmented_table<K, V> table{pool};
    std::map<K, V> expected;
    std::vector<std::pair<table_snapshot<K, V>, std::map<K, V>>> snapshots;
    for (int i = 0; i < operations; ++i) {
      const K key = key_of<K>(random() % keys);
      const auto hash = key_hash(key);
      const auto dice = random() % 1000;
      if (dice < 550) {
        bool inserted = false;
        const V value = key_of<V>(random());
        table.upsert(hash, key, inserted) = value;
        REQUIRE(inserted == !expected.contains(key));
        expected[key] = value;
      } else if (dice < 850) {
        REQUIRE(table.erase(hash, key) == (expected.erase(key) == 1));
      } else if (dice < 997) {
        const V* found = table.find(hash, key);
        const auto wanted = expected.find(key);
        REQUIRE((found != nullptr) == (wanted != expected.end()));
        if (found != nullptr)
          REQUIRE(*found == wanted->second);
      } else if (dice == 997 && snapshots.size() < 4) {
        snapshots.emplace_back(table.snapshot(), expected);
      } else if (dice == 998 && !snapshots.empty()) {
        const auto victim = random() % snapshots.size();
        check_snapshot(snapshots[victim].first, snapshots[victim].second);
        snapshots.erase(snapshots.begin()
                        + static_cast<std::ptrdiff_t>(victim));
      } else if (dice == 999 && random() % 8 == 0) {
        table.clear(static_cast<std::uint32_t>(random() % 4));
        expected.clear();
      }
      REQUIRE(table.size() == expected.size());
    }
    CHECK(contents(table) == expected);
    for (const auto& [snapshot, then] : snapshots)
      check_snapshot(snapshot, then);
  }
  CHECK(pool->bytes_in_use() == 0);
}

} // namespace

TEST_CASE("a table behaves as a map, whatever snapshots are held") {
  const auto seed = test::seed();
  for (std::uint64_t keys : {20u, 300u, 20'000u}) {
    compare_with_map<std::int64_t, std::int64_t>(seed, keys, 40'000);
    compare_with_map<text, text>(seed + 1, keys, 20'000);
    compare_with_map<std::string, std::string>(seed + 2, keys, 20'000);
    compare_with_map<std::int64_t, std::string>(seed + 3, keys, 20'000);
  }
}

TEST_CASE("a cursor gives what for_each gives, one entry a step") {
  segmented_table<std::int64_t, std::int64_t> table{
    std::make_shared<segment_pool>()};
  using cursor = decltype(table)::cursor;
  cursor of_nothing{table};
  CHECK(!of_nothing.next());
  for (std::int64_t i = 0; i < 5000; ++i)
    table.upsert(key_hash(i), i) = i * 3;
  for (std::int64_t i = 0; i < 5000; i += 2)
    table.erase(key_hash(i), i);
  std::vector<std::int64_t> walked;
  table.for_each([&](auto& key, auto&) { walked.push_back(key); });
  cursor steps{table};
  for (const auto key : walked) {
    const auto item = steps.next();
    REQUIRE(item);
    REQUIRE(*item.key == key);
    REQUIRE(*item.value == key * 3);
  }
  CHECK(walked.size() == 2500);
  CHECK(!steps.next());
  CHECK(!steps.next());
}

TEST_CASE("a cursor that writes leaves a snapshot as it was") {
  segmented_table<std::int64_t, std::string> table{
    std::make_shared<segment_pool>()};
  for (std::int64_t i = 0; i < 5000; ++i)
    table.upsert(key_hash(i), i) = std::to_string(i);
  const auto snapshot = table.snapshot();
  decltype(table)::writing_cursor steps{table};
  std::size_t walked = 0;
  while (const auto entry = steps.next()) {
    REQUIRE(*entry.value == std::to_string(*entry.key));
    *entry.value += "!";
    ++walked;
  }
  CHECK(walked == 5000);
  snapshot.for_each([](std::int64_t key, const std::string& value) {
    REQUIRE(value == std::to_string(key));
  });
  table.for_each([](std::int64_t key, const std::string& value) {
    REQUIRE(value == std::to_string(key) + "!");
  });
}

TEST_CASE("a table owns what no snapshot has taken or has given back") {
  const auto pool = std::make_shared<segment_pool>();
  segmented_table<std::int64_t, std::int64_t> table{pool};
  for (std::int64_t i = 0; i < 5000; ++i)
    table.upsert(key_hash(i), i) = i;
  const auto owned = [&] {
    std::size_t count = 0;
    for (std::int64_t i = 0; i < 5000; ++i)
      count += table.owns(key_hash(i)) ? 1 : 0;
    return count;
  };
  CHECK(owned() == 5000);
  auto snapshot = table.snapshot();
  CHECK(owned() == 0);
  const std::int64_t key = 7;
  ++table.upsert(key_hash(key), key); // its segment is copied
  const std::size_t copied = owned();
  CHECK(copied > 1);
  CHECK(copied < 1500);
  const auto with_copy = pool->bytes_in_use();
  {
    const auto second = table.snapshot();
    CHECK(owned() == 0);
  }
  CHECK(owned() == copied); // the first still has the others
  snapshot.end_segments_before(snapshot.segment_count());
  CHECK(table.snapshot_live());
  CHECK(owned() == 5000);
  CHECK(pool->bytes_in_use() < with_copy);
  for (std::int64_t i = 0; i < 5000; ++i)
    ++table.upsert(key_hash(i), i); // nothing is copied
  CHECK(pool->bytes_in_use() < with_copy);
  CHECK(*table.find(key_hash(key), key) == 9);
}

TEST_CASE("segments are walked in the order of hashes") {
  segmented_table<std::int64_t, char> table{std::make_shared<segment_pool>()};
  for (std::int64_t i = 0; i < 50'000; ++i)
    table.upsert(key_hash(i), i);
  const auto snapshot = table.snapshot();
  REQUIRE(snapshot.segment_count() > 50);
  std::uint64_t next = 0;
  for (std::size_t i = 0; i < snapshot.segment_count(); ++i) {
    const auto range = snapshot.hashes_in(i);
    REQUIRE(range.first >= next);
    REQUIRE(range.first <= range.last);
    next = range.last;
    snapshot.for_each_in(i, [&](const std::int64_t& key, const char&) {
      REQUIRE(range.contains(key_hash(key)));
    });
  }
}

TEST_CASE("keys spread evenly over the segments of any part of the hashes") {
  for (std::uint32_t parallelism : {1u, 3u, 64u}) {
    const auto owned =
      hashes_of(range_of(parallelism - 1, parallelism, 128), 128);
    segmented_table<std::int64_t, std::int64_t> table{
      std::make_shared<segment_pool>(), owned};
    std::size_t inserted = 0;
    for (std::int64_t i = 0; inserted < 100'000; ++i)
      if (owned.contains(key_hash(i))) {
        table.upsert(key_hash(i), i) = i;
        ++inserted;
      }
    CAPTURE(parallelism);
    // Between a directory of full segments and one just split.
    CHECK(table.bytes() / inserted >= 17);
    CHECK(table.bytes() / inserted <= 50);
  }
}

TEST_CASE("a table of one key group whose keys agree in their top bits works") {
  struct narrow_hasher {
    std::uint64_t operator()(std::int64_t key) const {
      return key_hash(key) >> 26; // never reaches the directory's bits
    }
  };
  segmented_table<std::int64_t, std::int64_t, narrow_hasher> table{
    std::make_shared<segment_pool>()};
  const narrow_hasher hash;
  for (std::int64_t i = 0; i < 20'000; ++i)
    table.upsert(hash(i), i) = i;
  for (std::int64_t i = 0; i < 20'000; ++i)
    REQUIRE(*table.find(hash(i), i) == i);
  CHECK(table.size() == 20'000);
  CHECK(table.bytes() < std::size_t{64} << 20);
}

TEST_CASE("an emptied table gives its segments back") {
  auto pool = std::make_shared<segment_pool>();
  segmented_table<std::int64_t, std::int64_t> table{pool};
  for (int round = 0; round < 3; ++round) {
    for (std::int64_t i = 0; i < 30'000; ++i)
      table.upsert(key_hash(i), i);
    for (std::int64_t i = 0; i < 30'000; ++i)
      REQUIRE(table.erase(key_hash(i), i));
    CHECK(table.empty());
    CHECK(pool->bytes_in_use() == 0);
  }
}

TEST_CASE("keys that come and go do not make the table grow") {
  segmented_table<std::int64_t, std::int64_t> table{
    std::make_shared<segment_pool>()};
  std::size_t most = 0;
  for (std::int64_t i = 0; i < 400'000; ++i) {
    table.upsert(key_hash(i), i) = i;
    if (i >= 1000)
      REQUIRE(table.erase(key_hash(i - 1000), i - 1000));
    if (i == 20'000)
      most = table.bytes();
  }
  CHECK(table.size() == 1000);
  CHECK(table.bytes() <= 4 * most);
}

TEST_CASE("a slice's table that starts at its predecessor's depth fits it") {
  auto pool = std::make_shared<segment_pool>();
  segmented_table<std::int64_t, std::int64_t> first{pool};
  auto fill = [](auto& table) {
    for (std::int64_t i = 0; i < 100'000; ++i)
      table.upsert(key_hash(i), i);
  };
  fill(first);
  const auto reserved = pool->bytes_reserved();
  const auto hint = first.depth_hint();
  CHECK(hint >= 8);
  const auto segments = first.segment_count();
  first.clear(hint);
  const auto moves = first.moves();
  fill(first);
  CHECK(first.segment_count() <= 2 * segments);
  CHECK(first.segment_count() >= segments / 2);
  // One move per first segment and a few splits.
  CHECK(first.moves() - moves <= first.segment_count() * 3 / 2);
  CHECK(pool->bytes_reserved() <= reserved * 3 / 2);
}

TEST_CASE("values of types that cannot be copied work without snapshots") {
  segmented_table<std::int64_t, std::unique_ptr<int>> table{
    std::make_shared<segment_pool>()};
  for (int i = 0; i < 5000; ++i)
    table.upsert(key_hash(std::int64_t{i}), i) = std::make_unique<int>(i);
  for (int i = 0; i < 5000; ++i)
    REQUIRE(**table.find(key_hash(std::int64_t{i}), i) == i);
}

TEST_CASE("long keys are the table's own, whatever arena is open") {
  segmented_table<text, text> table{std::make_shared<segment_pool>()};
  const std::string name = "longer than what a text holds inline";
  {
    arena batch;
    const arena_scope scope{&batch};
    const text key{name};
    REQUIRE(key.borrows());
    table.upsert(key_hash(key), key);
  }
  table.for_each([&](const text& key, const text&) {
    CHECK(key.owns());
    CHECK(key == name);
  });
  CHECK(table.find(key_hash(text{name}), text{name}) != nullptr);
}

TEST_CASE("a snapshot outlives its table and its pool's owner") {
  table_snapshot<std::int64_t, std::string> snapshot;
  {
    segmented_table<std::int64_t, std::string> table{
      std::make_shared<segment_pool>()};
    for (std::int64_t i = 0; i < 3000; ++i)
      table.upsert(key_hash(i), i) = std::to_string(i);
    snapshot = table.snapshot();
  }
  std::size_t seen = 0;
  snapshot.for_each([&](std::int64_t key, const std::string& value) {
    REQUIRE(value == std::to_string(key));
    ++seen;
  });
  CHECK(seen == 3000);
}

} // namespace segmented_table_test
