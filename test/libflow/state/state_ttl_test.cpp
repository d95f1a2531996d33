#include <map>
#include <optional>

#include "libflow/state/keyed_state.hpp"
#include "test/libflow/state/state_test_support.hpp"

namespace state_ttl_test {

using namespace flow;

namespace {

using update = state_ttl::update;
using visibility = state_ttl::visibility;

struct add_function {
  std::int64_t operator()(const std::int64_t& a, const std::int64_t& b) const {
    return a + b;
  }
};

/// States with a time to live of 100 ms under a clock that the test sets.
struct fixture {
  explicit fixture(update refresh = update::create_and_write,
                   visibility visible = visibility::never_return_expired)
    : ttl{duration_ms{100}, refresh, visible} {}

  void select(std::int64_t key) {
    current = key;
    store.select(current, key_hash(current));
  }

  state_ttl ttl;
  manual_clock time;
  keyed_state_store<std::int64_t> store{
    {0, 127}, 128, std::make_shared<segment_pool>(), &time};
  value_state<std::int64_t> value =
    store.value(value_state_descriptor<std::int64_t>{"value", -1, ttl}).value();
  list_state<std::int64_t> list =
    store.list(list_state_descriptor<std::int64_t>{"list", ttl}).value();
  map_state<text, std::int64_t> map =
    store.map(map_state_descriptor<text, std::int64_t>{"map", ttl}).value();
  reducing_state<std::int64_t, add_function> sum =
    store
      .reducing(
        reducing_state_descriptor<std::int64_t, add_function>{"sum", {}, ttl})
      .value();
  std::int64_t current = 0;
};

using numbers = std::vector<std::int64_t>;

} // namespace

TEST_CASE("a value lives for its time to live after its last write") {
  fixture f;
  f.select(1);
  f.value.set(5);
  f.time.set_now(99);
  CHECK(f.value.value() == 5);
  f.time.set_now(100);
  CHECK(!f.value.has_value());
  CHECK(f.value.value() == -1);
  f.value.set(6);
  f.time.set_now(150);
  f.value.update([](auto& v) { ++v; });
  f.time.set_now(249);
  CHECK(f.value.value() == 7);
  f.time.set_now(250);
  f.value.update([](auto& v) {
    CHECK(v == -1);
    v = 9;
  });
  CHECK(f.value.value() == 9);
}

TEST_CASE("reads prolong a value only where asked for") {
  fixture f{update::read_and_write};
  f.select(1);
  f.value.set(5);
  f.list.add(1);
  f.map.put("a", 1);
  f.map.put("b", 2);
  f.time.set_now(90);
  CHECK(f.value.value() == 5);
  CHECK(f.list.get() == numbers{1});
  CHECK(f.map.contains("a"));
  f.time.set_now(150);
  CHECK(f.value.value() == 5);
  CHECK(f.list.get() == numbers{1});
  CHECK(f.map.contains("a"));
  CHECK(!f.map.contains("b"));
}

TEST_CASE("elements of lists and entries of maps live each for itself") {
  fixture f;
  f.select(1);
  f.list.add(1);
  f.map.put("a", 1);
  f.sum.add(10);
  f.time.set_now(60);
  f.list.add(2);
  f.map.put("b", 2);
  f.sum.add(20);
  f.time.set_now(120);
  CHECK(f.list.get() == numbers{2});
  CHECK(f.list.size() == 1);
  CHECK(!f.map.contains("a"));
  CHECK(*f.map.find("b") == 2);
  CHECK(f.map.size() == 1);
  CHECK(f.sum.get() == 30); // one value, written at 60
  f.map.update("a", [](std::int64_t& v) { CHECK(std::exchange(v, 7) == 0); });
  CHECK(*f.map.find("a") == 7);
  f.time.set_now(160);
  CHECK(f.list.empty());
  CHECK(!f.sum.has_value());
  f.sum.add(1);
  CHECK(f.sum.get() == 1);
}

TEST_CASE("what is expired may be seen until it is cleaned up, if asked for") {
  fixture f{update::create_and_write, visibility::return_if_not_cleaned_up};
  f.select(1);
  f.value.set(5);
  f.list.add(1);
  f.time.set_now(500);
  CHECK(f.value.value() == 5);
  CHECK(f.list.get() == numbers{1});
  for (int i = 0; i < 2000; ++i) // each a step of the clean-up now and then
    f.select(1);
  CHECK(!f.value.has_value());
  CHECK(f.list.empty());
}

TEST_CASE("expired state goes in steps, whatever the keys touched") {
  fixture f;
  constexpr std::int64_t keys = 20'000;
  for (std::int64_t key = 0; key < keys; ++key) {
    f.select(key);
    f.value.set(key);
    f.map.put("m", key);
  }
  CHECK(f.store.entry_count() == 2 * keys);
  f.time.set_now(1000);
  f.select(-1);
  f.value.set(0);
  std::size_t before = f.store.entry_count();
  std::size_t most = 0;
  for (int i = 0; i < 40'000 && f.store.entry_count() > 1; ++i) {
    f.select(-1);
    most = std::max(most, before - f.store.entry_count());
    before = f.store.entry_count();
  }
  CHECK(f.store.entry_count() == 1);
  CHECK(most <= 4096); // a segment of each state
}

TEST_CASE("a list of one key is cleaned up some chunks at a time") {
  fixture f;
  f.select(1);
  for (std::int64_t i = 0; i < 100'000; ++i)
    f.list.add(i);
  f.time.set_now(1000);
  f.list.add(-1);
  CHECK(f.list.get() == numbers{-1});
  for (int i = 0; i < 40'000; ++i)
    f.select(1);
  CHECK(f.list.get() == numbers{-1});
  f.time.set_now(2000);
  for (int i = 0; i < 40'000; ++i)
    f.select(1);
  CHECK(f.store.entry_count() == 0);
}

TEST_CASE("times of writing survive a restore; what was expired stays away") {
  fixture f;
  f.select(1);
  f.value.set(5);
  f.list.add(1);
  f.map.put("a", 1);
  f.time.set_now(50);
  f.list.add(2);
  f.select(2);
  f.value.set(6);
  f.time.set_now(101);
  const auto bytes = test::bytes_of(f.store.snapshot());
  fixture g;
  REQUIRE(g.store.restore(bytes));
  g.time.set_now(120);
  g.select(1);
  CHECK(!g.value.has_value());
  CHECK(g.list.get() == numbers{2});
  CHECK(!g.map.contains("a"));
  g.select(2);
  CHECK(g.value.value() == 6);
  g.time.set_now(150);
  CHECK(!g.value.has_value());
}

TEST_CASE("random writes and reads with a time to live are as a model says") {
  const auto seed = test::seed();
  CAPTURE(seed);
  std::mt19937_64 random{seed};
  fixture f;
  std::map<std::int64_t, std::pair<std::int64_t, timestamp>> values;
  std::map<std::int64_t, std::map<std::int64_t, timestamp>> maps;
  timestamp now = 0;
  for (int i = 0; i < 20'000; ++i) {
    now += static_cast<timestamp>(random() % 4);
    f.time.set_now(now);
    const auto key = static_cast<std::int64_t>(random() % 300);
    f.select(key);
    const auto known = values.find(key);
    const bool lives =
      known != values.end() && known->second.second + 100 > now;
    REQUIRE(f.value.has_value() == lives);
    if (lives)
      REQUIRE(f.value.value() == known->second.first);
    const auto map_key = static_cast<std::int64_t>(random() % 5);
    auto& entries = maps[key];
    const bool entry_lives =
      entries.contains(map_key) && entries[map_key] + 100 > now;
    REQUIRE(f.map.contains(std::to_string(map_key)) == entry_lives);
    if (random() % 2 == 0) {
      f.value.set(i);
      values[key] = {i, now};
      f.map.put(std::to_string(map_key), i);
      entries[map_key] = now;
    }
  }
}

} // namespace state_ttl_test
