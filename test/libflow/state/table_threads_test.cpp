#include <map>
#include <thread>

#include "libflow/state/segmented_table.hpp"
#include "test/libflow/state/state_test_support.hpp"

namespace table_threads_test {

using namespace flow;

TEST_CASE("another thread gives segments back one after the other") {
  const auto seed = test::seed();
  CAPTURE(seed);
  std::mt19937_64 random{seed};
  const auto pool = std::make_shared<segment_pool>();
  {
    segmented_table<std::int64_t, std::string> table{pool};
    std::map<std::int64_t, std::string> expected;
    const auto write = [&](int count) {
      for (int i = 0; i < count; ++i) {
        const auto key = static_cast<std::int64_t>(random() % 4000);
        auto value = "value number " + std::to_string(random());
        table.upsert(key_hash(key), key) = value;
        expected[key] = std::move(value);
      }
    };
    write(8000);
    for (int round = 0; round < 15; ++round) {
      const auto then = expected;
      std::map<std::int64_t, std::string> seen;
      std::thread reader{[&seen, snapshot = table.snapshot()]() mutable {
        auto held = std::move(snapshot);
        for (std::size_t i = 0; i < held.segment_count(); ++i) {
          held.for_each_in(i, [&](std::int64_t key, const std::string& value) {
            seen.emplace(key, value);
          });
          held.end_segments_before(i + 1);
        }
      }};
      write(4000);
      reader.join();
      CHECK((seen == then));
    }
    std::map<std::int64_t, std::string> now;
    table.for_each([&](std::int64_t key, const std::string& value) {
      now.emplace(key, value);
    });
    CHECK((now == expected));
  }
  CHECK(pool->bytes_in_use() == 0);
}

TEST_CASE("another thread reads snapshots while the owner writes") {
  const auto seed = test::seed();
  CAPTURE(seed);
  std::mt19937_64 random{seed};
  segmented_table<std::int64_t, std::string> table{
    std::make_shared<segment_pool>()};
  std::map<std::int64_t, std::string> expected;
  auto write = [&](int operations) {
    for (int i = 0; i < operations; ++i) {
      const auto key = static_cast<std::int64_t>(random() % 4000);
      if (random() % 4 == 0) {
        table.erase(key_hash(key), key);
        expected.erase(key);
      } else {
        auto value = "value number " + std::to_string(random());
        table.upsert(key_hash(key), key) = value;
        expected[key] = std::move(value);
      }
    }
  };
  write(8000);
  for (int round = 0; round < 15; ++round) {
    bool equal = true;
    std::thread reader{
      [&equal, then = expected, snapshot = table.snapshot()]() mutable {
        const auto held = std::move(snapshot); // ended by this thread
        std::size_t seen = 0;
        held.for_each([&](std::int64_t key, const std::string& value) {
          const auto found = then.find(key);
          equal = equal && found != then.end() && found->second == value;
          ++seen;
        });
        equal = equal && seen == then.size() && held.size() == seen;
      }};
    write(4000);
    reader.join();
    CHECK(equal);
  }
}

} // namespace table_threads_test
