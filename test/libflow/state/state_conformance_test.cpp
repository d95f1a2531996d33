#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <set>

#include "libflow/state/keyed_state.hpp"
#include "test/libflow/state/state_test_support.hpp"

namespace state_conformance_test {

using namespace flow;

// Random operations through the typed handles beside standard containers, with
// snapshots at any point, restored at another parallelism. Whatever holds keyed
// state has to pass it.

namespace {

constexpr std::uint32_t max_parallelism = 128;

struct window {
  std::int64_t start = 0;
  std::int64_t end = 0;
  friend auto operator<=>(const window&, const window&) = default;
};

struct add_function {
  std::int64_t operator()(const std::int64_t& a, const std::int64_t& b) const {
    return a + b;
  }
};

/// Starts at 3, as in a test table of Flink's.
struct sum_from_three {
  std::int64_t create_accumulator() const { return 3; }
  void add(std::int64_t& acc, const std::int64_t& value) const { acc += value; }
  std::string result(const std::int64_t& acc) const {
    return std::to_string(acc);
  }
};

using map_value = std::string;

/// The states of one subtask, with namespaces of type N.
template <class K, class N>
struct subtask {
  subtask(std::uint32_t index, std::uint32_t parallelism,
          const std::optional<state_ttl>& ttl, const flow::clock& time)
    : store(range_of(index, parallelism, max_parallelism), max_parallelism,
            std::make_shared<segment_pool>(), &time),
      space(store.template scope<N>()),
      value(
        store.value(value_state_descriptor<text>{"value", "none", ttl}, &space)
          .value()),
      list(
        store.list(list_state_descriptor<text>{"list", ttl}, &space).value()),
      map(store
            .map(map_state_descriptor<std::int32_t, map_value>{"map", ttl},
                 &space)
            .value()),
      reducing(store
                 .reducing(
                   reducing_state_descriptor<std::int64_t, add_function>{
                     "sum", {}, ttl},
                   &space)
                 .value()),
      aggregating(
        store
          .aggregating(
            aggregating_state_descriptor<std::int64_t, sum_from_three>{
              "average", {}, ttl},
            &space)
          .value()),
      timers(store.template timers<N>("timers").value()) {}

  keyed_state_store<K> store;
  state_scope<N>& space;
  value_state<text> value;
  list_state<text> list;
  map_state<std::int32_t, map_value> map;
  reducing_state<std::int64_t, add_function> reducing;
  aggregating_state<std::int64_t, sum_from_three> aggregating;
  timer_service<K, N> timers;
};

template <class K, class N>
std::vector<std::unique_ptr<subtask<K, N>>>
make_subtasks(std::uint32_t parallelism, const std::optional<state_ttl>& ttl,
              const flow::clock& time) {
  std::vector<std::unique_ptr<subtask<K, N>>> result;
  for (std::uint32_t i = 0; i < parallelism; ++i)
    result.push_back(
      std::make_unique<subtask<K, N>>(i, parallelism, ttl, time));
  return result;
}

template <class K>
K make_key(std::uint64_t number) {
  if constexpr (std::is_integral_v<K>)
    return static_cast<K>(number);
  else
    return K{"the key with number " + std::to_string(number)};
}

template <class N>
N make_space(std::uint64_t number) {
  if constexpr (std::is_same_v<N, window>)
    return {static_cast<std::int64_t>(number),
            static_cast<std::int64_t>(number) + 10};
  else
    return {};
}

/// What the states of one key and namespace should hold.
struct expected_state {
  std::optional<std::string> value;
  std::vector<std::string> list;
  std::map<std::int32_t, std::string> map;
  std::optional<std::int64_t> sum;
  std::optional<std::int64_t> aggregate;
};

template <class K, class N>
class conformance {
public:
  conformance(std::uint64_t seed, std::uint64_t keys)
    : random_(seed), keys_(keys),
      subtasks_(make_subtasks<K, N>(1, std::nullopt, clock_)) {}

  void run(int operations) {
    for (int i = 0; i < operations; ++i) {
      operate();
      if (random_() % 500 == 0)
        restore_at(std::array<std::uint32_t, 4>{1, 2, 5, 3}[random_() % 4]);
    }
    check_all();
  }

private:
  using place = std::pair<std::uint64_t, std::uint64_t>;

  subtask<K, N>& select(const K& key, std::uint64_t space) {
    const auto hash = key_hash(key);
    const auto owner = operator_of(key_group_of(hash, max_parallelism),
                                   static_cast<std::uint32_t>(subtasks_.size()),
                                   max_parallelism);
    auto& one = *subtasks_[owner];
    one.store.select(key, hash);
    one.space.select(make_space<N>(space));
    return one;
  }

  void operate() {
    const place at{random_() % keys_,
                   std::is_same_v<N, no_namespace> ? 0 : random_() % 5};
    const K key = make_key<K>(at.first);
    auto& one = select(key, at.second);
    auto& wanted = expected_[at];
    check(one, wanted);
    switch (random_() % 8) {
    case 0:
      change_value(one, wanted);
      break;
    case 1:
    case 2:
      change_list(one, wanted);
      break;
    case 3:
    case 4:
      change_map(one, wanted);
      break;
    case 5:
      one.reducing.add(7);
      wanted.sum = wanted.sum.value_or(0) + 7;
      break;
    case 6:
      one.aggregating.add(2);
      wanted.aggregate = wanted.aggregate.value_or(3) + 2;
      break;
    default:
      change_timers(one, at);
    }
    check(one, wanted);
    one.store.end_block();
  }

  std::string word() {
    return std::string(random_() % 40, 'a') + std::to_string(random_() % 1000);
  }

  void change_value(subtask<K, N>& one, expected_state& wanted) {
    if (random_() % 4 == 0) {
      one.value.clear();
      wanted.value.reset();
      return;
    }
    wanted.value = word();
    one.value.set(text{*wanted.value});
  }

  void change_list(subtask<K, N>& one, expected_state& wanted) {
    if (random_() % 50 == 0) {
      one.list.clear();
      wanted.list.clear();
    }
    const std::size_t count = random_() % 20;
    for (std::size_t i = 0; i < count; ++i) {
      wanted.list.push_back(word());
      one.list.add(text{wanted.list.back()});
    }
  }

  void change_map(subtask<K, N>& one, expected_state& wanted) {
    if (random_() % 200 == 0) {
      one.map.clear();
      wanted.map.clear();
    }
    const std::size_t count = random_() % 20;
    for (std::size_t i = 0; i < count; ++i) {
      const auto key = static_cast<std::int32_t>(random_() % 600);
      if (random_() % 3 == 0) {
        one.map.erase(key);
        wanted.map.erase(key);
      } else {
        wanted.map[key] = word();
        one.map.put(key, wanted.map[key]);
      }
    }
  }

  void change_timers(subtask<K, N>& one, const place& at) {
    const auto time = static_cast<timestamp>(random_() % 50) - 10;
    const auto space = make_space<N>(at.second);
    auto& known = timers_[at];
    if (random_() % 3 != 0)
      CHECK(one.timers.register_event(time, space)
            == known.insert(time).second);
    else
      CHECK(one.timers.delete_event(time, space) == (known.erase(time) == 1));
  }

  void check(subtask<K, N>& one, const expected_state& wanted) {
    CHECK(one.value.has_value() == wanted.value.has_value());
    CHECK(one.value.value() == text{wanted.value.value_or("none")});
    const auto list = one.list.get();
    CHECK(std::equal(list.begin(), list.end(), wanted.list.begin(),
                     wanted.list.end()));
    CHECK(one.list.size() == wanted.list.size());
    std::map<std::int32_t, std::string> map;
    std::vector<std::int32_t> order;
    one.map.for_each([&](std::int32_t key, const std::string& value) {
      map[key] = value;
      order.push_back(key);
    });
    CHECK(map == wanted.map);
    CHECK(std::is_sorted(order.begin(), order.end()));
    const auto probe = static_cast<std::int32_t>(random_() % 600);
    const auto* found = one.map.find(probe);
    CHECK((found != nullptr) == wanted.map.contains(probe));
    CHECK(one.reducing.has_value() == wanted.sum.has_value());
    CHECK(one.reducing.get() == wanted.sum.value_or(0));
    CHECK(one.aggregating.get()
          == std::to_string(wanted.aggregate.value_or(3)));
  }

  void restore_at(std::uint32_t parallelism) {
    // Bytes are written after the states have gone on: a snapshot is of its
    // moment.
    std::vector<keyed_state_snapshot> taken;
    for (auto& each : subtasks_)
      taken.push_back(each->store.snapshot());
    const auto expected = expected_;
    const auto timers = timers_;
    for (int i = 0; i < 200; ++i)
      operate();
    expected_ = expected;
    timers_ = timers;
    std::vector<std::vector<std::byte>> bytes;
    for (auto& each : taken)
      bytes.push_back(test::bytes_of(std::move(each)));
    subtasks_ = make_subtasks<K, N>(parallelism, std::nullopt, clock_);
    for (auto& each : subtasks_)
      for (const auto& part : bytes)
        REQUIRE(each->store.restore(part));
  }

  void check_all() {
    for (const auto& [at, wanted] : expected_) {
      const K key = make_key<K>(at.first);
      check(select(key, at.second), wanted);
    }
    check_timers();
  }

  /// Fires all and compares what fired, and in which order.
  void check_timers() {
    std::set<std::pair<place, timestamp>> wanted;
    for (const auto& [at, times] : timers_)
      for (const auto time : times)
        wanted.insert({at, time});
    std::size_t fired = 0;
    for (auto& one : subtasks_) {
      timestamp last = min_timestamp;
      while (!one->timers.fire_event(
        max_timestamp, clock_, [&](const due_timer<K, N>& due) {
          CHECK(due.time >= last);
          CHECK(one->store.current_key() == due.key);
          last = due.time;
          ++fired;
          return true;
        })) {
      }
    }
    CHECK(fired == wanted.size());
  }

  manual_clock clock_;
  std::mt19937_64 random_;
  std::uint64_t keys_;
  std::vector<std::unique_ptr<subtask<K, N>>> subtasks_;
  std::map<place, expected_state> expected_;
  std::map<place, std::set<timestamp>> timers_;
};

} // namespace

TEST_CASE("keyed states behave as containers, per key") {
  const auto seed = test::seed();
  CAPTURE(seed);
  conformance<std::int64_t, no_namespace>{seed, 200}.run(6000);
  conformance<text, no_namespace>{seed + 1, 20}.run(3000);
}

TEST_CASE("keyed states behave as containers, per key and namespace") {
  const auto seed = test::seed();
  CAPTURE(seed);
  conformance<std::int64_t, window>{seed, 100}.run(6000);
  conformance<text, window>{seed + 1, 10}.run(3000);
}

TEST_CASE("one key with many namespaces and map entries stays in chunks") {
  manual_clock time;
  auto one = std::move(
    make_subtasks<std::int64_t, window>(1, std::nullopt, time).front());
  const std::int64_t key = 42;
  one->store.select(key, key_hash(key));
  for (std::int32_t i = 0; i < 100'000; ++i) {
    one->space.select({i, i + 1});
    one->value.set("x");
    one->space.select({});
    one->map.put(i * 7919 % 100'003, "y");
    one->list.add("z");
  }
  CHECK(one->map.size() == 100'000);
  CHECK(one->list.size() == 100'000);
  std::int32_t seen = 0;
  one->map.for_each_in(10, 19, [&](std::int32_t map_key, const auto&) {
    CHECK(map_key >= 10);
    CHECK(map_key <= 19);
    ++seen;
  });
  CHECK(seen == 10);
  const auto bytes = test::bytes_of(one->store.snapshot());
  auto restored = std::move(
    make_subtasks<std::int64_t, window>(1, std::nullopt, time).front());
  REQUIRE(restored->store.restore(bytes));
  restored->store.select(key, key_hash(key));
  CHECK(restored->map.size() == 100'000);
  CHECK(restored->list.size() == 100'000);
  restored->space.select({77, 78});
  CHECK(restored->value.value() == "x");
}

TEST_CASE("a state is one kind and one type") {
  keyed_state_store<std::int64_t> store{{0, 127}, 128};
  REQUIRE(store.list(list_state_descriptor<std::int64_t>{"s"}));
  CHECK(store.list(list_state_descriptor<std::int64_t>{"s"}));
  CHECK(!store.list(list_state_descriptor<text>{"s"}));
  CHECK(!store.value(value_state_descriptor<std::int64_t>{"s"}));
  CHECK(!store.map(map_state_descriptor<std::int64_t, std::int64_t>{"s"}));
  CHECK(
    !store.value(value_state_descriptor<std::int64_t>{"t", 0, state_ttl{}}));
}

TEST_CASE("another codec version or namespace is refused by a restore") {
  const auto snapshot_of = [](std::uint32_t version, bool scoped) {
    keyed_state_store<std::int64_t> store{{0, 127}, 128};
    const value_state_descriptor<std::int64_t> state{"s", 0, {}, version};
    if (scoped)
      REQUIRE(store.value(state, &store.scope<window>()));
    else
      REQUIRE(store.value(state));
    return test::bytes_of(store.snapshot());
  };
  keyed_state_store<std::int64_t> store{{0, 127}, 128};
  REQUIRE(store.value(value_state_descriptor<std::int64_t>{"s"}));
  CHECK(store.restore(snapshot_of(0, false)));
  CHECK(!store.restore(snapshot_of(2, false)));
  CHECK(!store.restore(snapshot_of(0, true)));
}

} // namespace state_conformance_test
