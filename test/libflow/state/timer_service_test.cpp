#include <map>
#include <set>
#include <stdexcept>
#include <vector>

#include "libflow/state/keyed_state.hpp"
#include "test/libflow/state/state_test_support.hpp"

namespace timer_service_test {

using namespace flow;

namespace {

struct fixture {
  keyed_state_store<text> store{{0, 127}, 128};
  timer_service<text> timers = store.timers("timers").value();
  manual_clock time;
  text key;

  void select(const char* name) {
    key = name;
    store.select(key, key_hash(key));
  }

  /// Fires all that is due, in as many steps as it takes.
  std::vector<std::pair<timestamp, text>> fire(timestamp watermark) {
    std::vector<std::pair<timestamp, text>> result;
    while (!timers.fire_event(watermark, time, [&](const auto& due) {
      result.emplace_back(due.time, due.key);
      return true;
    })) {
    }
    return result;
  }
};

using firings = std::vector<std::pair<timestamp, text>>;

/// Goes on by a microsecond each time it is asked.
class running_clock final : public flow::clock {
public:
  [[nodiscard]] timestamp now() const override { return 0; }
  [[nodiscard]] std::chrono::nanoseconds steady() const override {
    return now_ += std::chrono::microseconds{per_look_};
  }
  int per_look_ = 1;

private:
  mutable std::chrono::nanoseconds now_{0};
};

} // namespace

TEST_CASE("a timer is registered once, whatever the number of times") {
  fixture f;
  f.select("a");
  CHECK(f.timers.register_event(5));
  CHECK(!f.timers.register_event(5));
  CHECK(f.timers.register_processing(5));
  f.select("b");
  CHECK(f.timers.register_event(5));
  CHECK(f.timers.event_count() == 2);
  CHECK(f.timers.processing_count() == 1);
  CHECK(f.timers.event_count("a") == 1);
  CHECK(f.timers.event_count("c") == 0);
  CHECK(f.fire(4).empty());
  CHECK(f.fire(5).size() == 2);
  CHECK(f.timers.event_count() == 0);
  CHECK(f.timers.processing_count() == 1);
}

TEST_CASE("a deleted timer does not fire; deleting none is nothing") {
  fixture f;
  f.select("a");
  f.timers.register_event(5);
  f.timers.register_event(6);
  CHECK(f.timers.delete_event(5));
  CHECK(!f.timers.delete_event(5));
  CHECK(!f.timers.delete_processing(6));
  CHECK(f.fire(10) == firings{{6, "a"}});
}

TEST_CASE("timers of all times there are fire in order") {
  fixture f;
  f.select("a");
  for (const timestamp time :
       {timestamp{0}, max_timestamp, min_timestamp, timestamp{-7}})
    f.timers.register_event(time);
  CHECK(f.fire(-7) == firings{{min_timestamp, "a"}, {-7, "a"}});
  CHECK(f.fire(max_timestamp) == firings{{0, "a"}, {max_timestamp, "a"}});
}

TEST_CASE("timers registered by a timer fire in the same firing, in order") {
  fixture f;
  f.select("a");
  f.timers.register_event(1);
  f.timers.register_event(4);
  std::vector<timestamp> fired;
  CHECK(f.timers.fire_event(5, f.time, [&](const auto& due) {
    fired.push_back(due.time);
    CHECK(f.store.current_key() == due.key);
    f.timers.register_event(due.time + 2);
    return true;
  }));
  CHECK(fired == std::vector<timestamp>{1, 3, 4, 5});
  CHECK(f.timers.event_count() == 2); // at 6 and 7
  CHECK(!f.store.has_current_key());
}

TEST_CASE("a timer whose key is not that of its hash fails, and nothing more") {
  fixture f;
  f.select("a");
  f.timers.register_event(5);
  f.key = "b";
  f.store.select(f.key, key_hash(text{"c"}));
  f.timers.register_event(6);
  std::vector<timestamp> fired;
  const auto fire = [&] {
    return f.timers.fire_event(10, f.time, [&](const auto& due) {
      fired.push_back(due.time);
      return true;
    });
  };
  CHECK_THROWS_AS((void)fire(), std::runtime_error);
  CHECK(fired == std::vector<timestamp>{5});
}

TEST_CASE("a storm of timers fires in steps of at most 4,096") {
  fixture f;
  f.select("a");
  for (timestamp time = 0; time < 10'000; ++time)
    f.timers.register_event(time);
  std::vector<std::size_t> steps;
  for (bool done = false; !done;) {
    std::size_t fired = 0;
    done = f.timers.fire_event(20'000, f.time, [&](const auto&) {
      ++fired;
      return true;
    });
    steps.push_back(fired);
  }
  CHECK(steps == std::vector<std::size_t>{4096, 4096, 1808});
}

TEST_CASE("a step of slow timers ends after a millisecond") {
  fixture f;
  f.select("a");
  for (timestamp time = 0; time < 1000; ++time)
    f.timers.register_event(time);
  running_clock slow;
  slow.per_look_ = 600;
  std::size_t fired = 0;
  CHECK(!f.timers.fire_event(20'000, slow, [&](const auto&) {
    ++fired;
    return true;
  }));
  CHECK(fired < 200);
  CHECK(fired > 0);
}

TEST_CASE("a step ends where its function says so, and goes on from there") {
  fixture f;
  f.select("a");
  for (timestamp time = 0; time < 3; ++time)
    f.timers.register_event(time);
  CHECK(!f.timers.fire_event(9, f.time, [](const auto&) { return false; }));
  CHECK(f.timers.event_count() == 2);
  CHECK(f.timers.next_event() == 1);
  CHECK(f.fire(9).size() == 2);
}

TEST_CASE("random timers fire as an ordered set of them says") {
  const auto seed = test::seed();
  CAPTURE(seed);
  std::mt19937_64 random{seed};
  keyed_state_store<std::int64_t> store{{0, 127}, 128};
  auto timers = store.timers<std::int64_t>("timers").value();
  manual_clock time;
  std::set<std::tuple<timestamp, std::int64_t, std::int64_t>> model;
  for (int i = 0; i < 30'000; ++i) {
    const auto key = static_cast<std::int64_t>(random() % 50);
    const auto space = static_cast<std::int64_t>(random() % 3);
    const auto at = static_cast<timestamp>(random() % 1000);
    store.select(key, key_hash(key));
    if (random() % 3 != 0)
      REQUIRE(timers.register_event(at, space)
              == model.insert({at, key, space}).second);
    else
      REQUIRE(timers.delete_event(at, space)
              == (model.erase({at, key, space}) == 1));
    if (random() % 100 == 0) {
      const auto mark = static_cast<timestamp>(random() % 1000);
      timestamp last = min_timestamp;
      while (!timers.fire_event(mark, time, [&](const auto& due) {
        CHECK(due.time >= last);
        last = due.time;
        REQUIRE(model.erase({due.time, due.key, due.space}) == 1);
        return true;
      })) {
      }
      REQUIRE((model.empty() || std::get<0>(*model.begin()) > mark));
    }
    REQUIRE(timers.event_count() == model.size());
  }
}

TEST_CASE("timers move with their keys when the parallelism changes") {
  keyed_state_store<std::int64_t> store{{0, 127}, 128};
  auto timers = store.timers("timers").value();
  for (std::int64_t key = 0; key < 1000; ++key) {
    store.select(key, key_hash(key));
    timers.register_event(key % 17);
    timers.register_processing(key);
  }
  const auto bytes = test::bytes_of(store.snapshot());
  std::set<std::int64_t> fired;
  std::size_t processing = 0;
  for (std::uint32_t i = 0; i < 3; ++i) {
    keyed_state_store<std::int64_t> part{range_of(i, 3, 128), 128};
    auto own = part.timers("timers").value();
    REQUIRE(part.restore(bytes));
    processing += own.processing_count();
    manual_clock time;
    CHECK(own.fire_event(100, time, [&](const auto& due) {
      CHECK(due.time == due.key % 17);
      CHECK(part.groups().contains(key_group_of(due.hash, 128)));
      CHECK(fired.insert(due.key).second);
      return true;
    }));
  }
  CHECK(fired.size() == 1000);
  CHECK(processing == 1000);
}

} // namespace timer_service_test
