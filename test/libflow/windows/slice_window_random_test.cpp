#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>

#include "libflow/core/text.hpp"
#include "test/libflow/windows/window_fixture.hpp"
#include "test/support/test_seed.hpp"

namespace slice_window_random_test {

using namespace flow;
using namespace flow::window_test;

namespace {

/// The same windows written down plainly, one record at a time.
template <class K>
class model {
public:
  model(std::int64_t size, std::int64_t offset, std::int64_t lateness)
    : size_(size), offset_(offset), lateness_(lateness) {}

  void add(const reading<K>& value, timestamp at) {
    timestamp start = at - ((at - offset_) % size_);
    if ((at - offset_) % size_ < 0)
      start -= size_;
    const timestamp last = start + size_ - 1;
    if (last + lateness_ <= watermark_) {
      late.push_back(value);
      return;
    }
    auto& cell = cells_[start][value.key];
    cell = {value.key, start, cell.sum + value.value, cell.count + 1};
    if (last <= watermark_)
      out.push_back(cell);
  }

  void advance(timestamp mark) {
    for (auto& [start, keys] : cells_) {
      const timestamp last = start + size_ - 1;
      if (last > watermark_ && last <= mark)
        for (auto& [key, cell] : keys)
          out.push_back(cell);
    }
    watermark_ = mark;
    std::erase_if(cells_, [&](const auto& each) {
      return each.first + size_ - 1 + lateness_ <= watermark_;
    });
  }

  std::vector<total<K>> out;
  std::vector<reading<K>> late;

private:
  std::int64_t size_;
  std::int64_t offset_;
  std::int64_t lateness_;
  timestamp watermark_ = min_timestamp;
  std::map<timestamp, std::map<K, total<K>>> cells_;
};

template <class K>
K make_key(std::uint64_t number) {
  if constexpr (std::is_integral_v<K>)
    return static_cast<K>(number);
  else // some inline, some long
    return K{std::string(number % 3 * 10, 'k') + std::to_string(number)};
}

struct stream_shape {
  std::int64_t size;
  std::int64_t offset;
  std::int64_t lateness;
  std::int64_t disorder;
  std::uint64_t keys;
};

stream_shape random_shape(std::mt19937_64& random) {
  auto below = [&](std::uint64_t bound) {
    return static_cast<std::int64_t>(random() % bound);
  };
  const std::int64_t size = 1 + below(60);
  return {.size = size,
          .offset = below(static_cast<std::uint64_t>(2 * size - 1)) - size + 1,
          .lateness = random() % 2 == 0 ? 0 : below(100),
          .disorder = below(120),
          .keys = 1 + random() % (random() % 2 == 0 ? 5 : 2000)};
}

/// Rows of one firing come in an order of keys that means nothing.
template <class K>
void sort_firing(std::vector<total<K>>& rows) {
  CHECK(std::ranges::is_sorted(rows, {}, &total<K>::start));
  std::ranges::sort(rows, [](const auto& a, const auto& b) {
    return std::tie(a.start, a.key) < std::tie(b.start, b.key);
  });
}

/// Feeds one random stream to operator and model; `between` is called between
/// the steps.
template <class K, class Between>
void compare(std::mt19937_64& random, Between between) {
  const auto shape = random_shape(random);
  model<K> expected{shape.size, shape.offset, shape.lateness};
  auto job = std::make_unique<sums<K>>(tumbling(shape.size, shape.offset),
                                       shape.lateness);
  std::vector<reading<K>> late;
  timestamp now = static_cast<timestamp>(random() % 400) - 200;
  timestamp mark = min_timestamp;
  for (int step = 0; step < 60; ++step) {
    job->out.make_room(1 + random() % 300);
    if (random() % 3 == 0) {
      mark = std::max(mark, now - static_cast<timestamp>(random() % 80));
      expected.advance(mark);
      job->advance(mark);
      auto rows = job->take();
      sort_firing(rows);
      CHECK(rows == std::exchange(expected.out, {}));
    } else {
      std::vector<std::pair<reading<K>, timestamp>> records(random() % 700);
      for (auto& [value, at] : records) {
        now += static_cast<timestamp>(random() % 20 == 0);
        at = now
             - static_cast<timestamp>(
               random() % static_cast<std::uint64_t>(shape.disorder + 1));
        value = {make_key<K>(random() % shape.keys),
                 static_cast<std::int64_t>(random() % 100)};
        expected.add(value, at);
      }
      job->feed(records);
      CHECK(job->take() == std::exchange(expected.out, {}));
    }
    for (auto& row : job->late.take())
      late.push_back(row.value);
    between(job, shape);
  }
  expected.advance(max_timestamp - 1000);
  job->advance(max_timestamp - 1000);
  auto rows = job->take();
  sort_firing(rows);
  CHECK(rows == expected.out);
  CHECK(late == expected.late);
}

} // namespace

TEST_CASE("windows of random streams hold what a plain computation finds") {
  std::mt19937_64 random{test_seed()};
  for (int round = 0; round < 60; ++round) {
    compare<std::uint32_t>(random, [](auto&, const auto&) {});
    compare<text>(random, [](auto&, const auto&) {});
  }
}

TEST_CASE("a restored operator goes on as if nothing had happened, whenever "
          "the snapshot was taken") {
  std::mt19937_64 random{test_seed()};
  const auto renew = [](auto& job, const stream_shape& shape) {
    using job_type = std::remove_reference_t<decltype(*job)>;
    const auto taken = job->op().snapshot();
    job = std::make_unique<job_type>(tumbling(shape.size, shape.offset),
                                     shape.lateness);
    const auto restored = job->op().restore({&taken, 1});
    CHECK(restored.has_value());
    CHECK(job->op().snapshot().keyed.size() == taken.keyed.size());
  };
  for (int round = 0; round < 15; ++round) {
    compare<std::uint32_t>(random, renew);
    compare<text>(random, renew);
  }
}

} // namespace slice_window_random_test
