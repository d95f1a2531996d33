#include "libflow/metrics/histogram.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>
#include <vector>

namespace histogram_test {

using namespace flow;

namespace {

std::uint64_t test_seed() {
  const char* text = std::getenv("FLOW_TEST_SEED");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : 20260101;
}

} // namespace

TEST_CASE("every value lies within the bounds of its bucket") {
  const std::uint64_t top = std::numeric_limits<std::uint64_t>::max();
  std::vector<std::uint64_t> values = {0, 1, 31, 32, 33, 63, 64, 65, top};
  for (int bit = 6; bit < 64; ++bit)
    for (const std::uint64_t offset : {-1, 0, 1})
      values.push_back((std::uint64_t{1} << bit) + offset);
  for (const std::uint64_t value : values) {
    CAPTURE(value);
    const std::size_t index = histogram_buckets::index_of(value);
    REQUIRE(index < histogram_buckets::count);
    CHECK(value <= histogram_buckets::upper_bound(index));
    if (index > 0)
      CHECK(value > histogram_buckets::upper_bound(index - 1));
  }
}

TEST_CASE("small values are exact") {
  histogram_snapshot values;
  for (std::uint64_t v = 1; v <= 50; ++v)
    values.add(v);
  CHECK(values.quantile(0) == 1);
  CHECK(values.quantile(0.5) == 25);
  CHECK(values.quantile(0.9) == 45);
  CHECK(values.quantile(1) == 50);
  CHECK(values.count() == 50);
  CHECK(values.sum() == 1275);
}

TEST_CASE("an empty histogram answers zero") {
  const histogram_snapshot values;
  CHECK(values.quantile(0.5) == 0);
  CHECK(values.max() == 0);
}

TEST_CASE("a quantile is never below the exact one, at most 1/32 above") {
  const std::uint64_t seed = test_seed();
  MESSAGE("seed ", seed);
  std::mt19937_64 random{seed};
  histogram live;
  std::vector<std::uint64_t> all;
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t value = random() >> (random() % 60);
    live.add(value);
    all.push_back(value);
  }
  std::ranges::sort(all);
  const histogram_snapshot values = live.snapshot();
  for (const double q : {0.5, 0.9, 0.99, 0.999, 1.0}) {
    CAPTURE(q);
    const auto rank =
      static_cast<std::size_t>(std::ceil(q * static_cast<double>(all.size())));
    const std::uint64_t exact = all[rank - 1];
    CHECK(values.quantile(q) >= exact);
    CHECK(values.quantile(q) - exact <= exact / 32);
  }
}

TEST_CASE("merging is the same as adding to one") {
  histogram_snapshot a;
  histogram_snapshot b;
  histogram_snapshot both;
  for (std::uint64_t v = 0; v < 1000; ++v) {
    (v % 3 == 0 ? a : b).add(v * v);
    both.add(v * v);
  }
  a.merge(b);
  CHECK(a.count() == both.count());
  CHECK(a.sum() == both.sum());
  CHECK(a.max() == both.max());
  for (const double q : {0.1, 0.5, 0.99})
    CHECK(a.quantile(q) == both.quantile(q));
}

} // namespace histogram_test
