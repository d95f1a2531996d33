#include "libflow/state/keyed_state.hpp"

#include <map>

#include "test/libflow/state/state_test_support.hpp"

namespace keyed_state_test {

using namespace flow;

namespace {

using counter = value_state_descriptor<std::int64_t>;

constexpr key_group_range all_groups{0, 127};

/// A block of records, their keys and hashes in place as the store wants them.
template <class K>
struct block {
  explicit block(std::vector<K> of) : keys(std::move(of)) {
    for (const K& key : keys) {
      pointers.push_back(&key);
      hashes.push_back(key_hash(key));
    }
  }
  block(const block&) = delete;

  void begin(keyed_state_store<K>& store) {
    store.prefetch(hashes);
    store.begin_block(pointers, hashes);
  }

  std::vector<K> keys;
  std::vector<const K*> pointers;
  std::vector<std::uint64_t> hashes;
};

template <class K, class F>
void with_key(keyed_state_store<K>& store, const K& key, F f) {
  store.select(key, key_hash(key));
  f();
  store.end_block();
}

} // namespace

TEST_CASE("a key without a value reads the default and has none") {
  keyed_state_store<std::int64_t> store{all_groups, 128};
  auto state = store.value(counter{"n", 7}).value();
  with_key(store, std::int64_t{1}, [&] {
    CHECK(!state.has_value());
    CHECK(state.value() == 7);
    state.update([](auto& value) { ++value; });
    CHECK(state.has_value());
    CHECK(state.value() == 8);
    state.set(3);
    CHECK(state.value() == 3);
    state.erase();
    CHECK(!state.has_value());
    CHECK(state.value() == 7);
    state.clear();
  });
  CHECK(store.entry_count() == 0);
}

TEST_CASE("the bytes of a store follow what its lists and maps hold") {
  keyed_state_store<std::int64_t> store{all_groups, 128};
  auto list = store.list(list_state_descriptor<std::int64_t>{"list"}).value();
  auto map =
    store.map(map_state_descriptor<std::int64_t, std::int64_t>{"map"}).value();
  const std::size_t empty = store.bytes();
  constexpr std::int64_t count = 10'000;
  constexpr std::size_t elements = 3 * count * sizeof(std::int64_t);
  with_key(store, std::int64_t{1}, [&] {
    for (std::int64_t i = 0; i < count; ++i) {
      list.add(i);
      map.put(i * 7919 % count, i);
    }
  });
  CHECK(store.bytes() >= empty + elements);
  CHECK(store.bytes() <= empty + 3 * elements);
  const auto held = store.snapshot(); // chunks are copied from now on
  const std::size_t full = store.bytes();
  with_key(store, std::int64_t{1}, [&] {
    for (std::int64_t i = 0; i < count; i += 2)
      map.erase(i);
    map.update(1, [](std::int64_t& value) { ++value; });
    list.add(1);
  });
  CHECK(store.bytes() < full);
  CHECK(store.bytes() >= empty + elements / 3);
  with_key(store, std::int64_t{1}, [&] {
    list.clear();
    map.clear();
  });
  // The segments of both tables stay.
  CHECK(store.bytes() <= empty + (std::size_t{32} << 10));
}

TEST_CASE("setting the default is having a value") {
  keyed_state_store<std::int64_t> store{all_groups, 128};
  auto state = store.value(counter{"n"}).value();
  with_key(store, std::int64_t{1}, [&] {
    state.set(0);
    CHECK(state.has_value());
  });
  CHECK(store.entry_count() == 1);
}

TEST_CASE("one name is one state; with another type it is an error") {
  keyed_state_store<std::int64_t> store{all_groups, 128};
  auto first = store.value(counter{"n"}).value();
  auto second = store.value(counter{"n"}).value();
  with_key(store, std::int64_t{5}, [&] {
    first.set(9);
    CHECK(second.value() == 9);
  });
  const auto wrong = store.value(value_state_descriptor<std::string>{"n"});
  REQUIRE(!wrong);
  CHECK(wrong.error().code == error_code::invalid_argument);
  CHECK(wrong.error().text.find("\"n\"") != std::string::npos);
}

TEST_CASE("a key that comes several times in a block is one key") {
  keyed_state_store<text> store{all_groups, 128};
  auto state = store.value(counter{"n"}).value();
  block<text> records{{"a", "b", "a", "a key that is not held inline", "b", "a",
                       "a key that is not held inline"}};
  records.begin(store);
  std::map<text, std::int64_t> expected;
  for (std::size_t i = 0; i < records.keys.size(); ++i) {
    store.select(i);
    CHECK(state.value() == expected[records.keys[i]]);
    state.set(state.value() + 1);
    CHECK(state.value() == ++expected[records.keys[i]]);
  }
  records.begin(store);
  store.select(2);
  state.erase();
  store.select(0);
  CHECK(!state.has_value());
  store.select(5);
  CHECK(!state.has_value());
  state.set(100);
  store.select(0);
  CHECK(state.value() == 100);
  store.end_block();
}

namespace {

/// What two states held when a snapshot was taken.
struct two_maps {
  std::map<std::int64_t, std::int64_t> counts;
  std::map<std::int64_t, std::string> names;
};

void check_holds(keyed_state_snapshot taken, const two_maps& expected) {
  keyed_state_store<std::int64_t> copy{all_groups, 128};
  auto count = copy.value(counter{"count", 5}).value();
  auto name = copy.value(value_state_descriptor<std::string>{"name"}).value();
  REQUIRE(copy.restore(test::bytes_of(std::move(taken))));
  REQUIRE(copy.entry_count() == expected.counts.size() + expected.names.size());
  for (const auto& [key, value] : expected.counts)
    with_key(copy, key, [&] { REQUIRE(count.value() == value); });
  for (const auto& [key, value] : expected.names)
    with_key(copy, key, [&] { REQUIRE(name.value() == value); });
}

} // namespace

TEST_CASE("random blocks on two states behave as two maps") {
  const auto seed = test::seed();
  CAPTURE(seed);
  std::mt19937_64 random{seed};
  keyed_state_store<std::int64_t> store{all_groups, 128};
  auto count = store.value(counter{"count", 5}).value();
  auto name = store.value(value_state_descriptor<std::string>{"name"}).value();
  std::map<std::int64_t, std::int64_t> counts;
  std::map<std::int64_t, std::string> names;
  std::vector<std::pair<keyed_state_snapshot, two_maps>> held;
  for (int round = 0; round < 4000; ++round) {
    std::vector<std::int64_t> keys(1 + random() % keyed_block_records);
    for (auto& key : keys)
      key = static_cast<std::int64_t>(random() % (round < 2000 ? 50 : 3000));
    block<std::int64_t> records{std::move(keys)};
    records.begin(store);
    for (std::size_t i = 0; i < records.keys.size(); ++i) {
      store.select(i);
      const auto key = records.keys[i];
      const auto known = counts.find(key);
      REQUIRE(count.has_value() == (known != counts.end()));
      REQUIRE(count.value() == (known == counts.end() ? 5 : known->second));
      REQUIRE(name.has_value() == names.contains(key));
      switch (random() % 6) {
      case 0:
        count.erase();
        counts.erase(key);
        break;
      case 1:
        name.set("number " + std::to_string(round) + " of a long run");
        names[key] = name.value();
        break;
      case 2:
        name.erase();
        names.erase(key);
        break;
      default:
        count.update([](auto& value) { value += 2; });
        counts.try_emplace(key, 5).first->second += 2;
      }
      if (random() % 2000 == 0)
        held.emplace_back(store.snapshot(), two_maps{counts, names});
    }
    if (held.size() > 3) {
      for (auto& [snapshot, expected] : held)
        check_holds(std::move(snapshot), expected);
      held.clear();
    }
  }
  CHECK(store.entry_count() == counts.size() + names.size());
}

TEST_CASE("a snapshot in the middle of a block keeps what was") {
  keyed_state_store<std::int64_t> store{all_groups, 128};
  auto state = store.value(counter{"n"}).value();
  block<std::int64_t> records{{1, 2, 3}};
  records.begin(store);
  for (std::size_t i = 0; i < 3; ++i) {
    store.select(i);
    state.set(10);
  }
  auto snapshot = store.snapshot();
  for (std::size_t i = 0; i < 3; ++i) {
    store.select(i);
    state.set(20);
    CHECK(state.value() == 20);
  }
  store.end_block();
  keyed_state_store<std::int64_t> copy{all_groups, 128};
  auto copied = copy.value(counter{"n"}).value();
  REQUIRE(copy.restore(test::bytes_of(std::move(snapshot))));
  for (std::int64_t key = 1; key <= 3; ++key)
    with_key(copy, key, [&] { CHECK(copied.value() == 10); });
}

} // namespace keyed_state_test
