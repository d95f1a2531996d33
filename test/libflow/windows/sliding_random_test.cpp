#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <tuple>

#include "libflow/flow.hpp"
#include "libflow/testing.hpp"
#include "test/libflow/windows/readings.hpp"
#include "test/support/test_seed.hpp"

namespace sliding_random_test {

using namespace flow;
using namespace flow::test;

namespace {

constexpr int cases = 2'000;

struct row {
  std::int64_t key = 0;
  timestamp start = 0;
  timestamp end = 0;
  std::int64_t result = 0;

  friend auto operator<=>(const row&, const row&) = default;
  friend std::ostream& operator<<(std::ostream& out, const row& r) {
    return out << r.key << '[' << r.start << ',' << r.end << ")=" << r.result;
  }
};

/// What no retraction can undo, so that an order of merging that is wrong or a
/// slice too many shows: the two largest values, packed.
struct two_largest {
  struct accumulator {
    std::int64_t first = -1;
    std::int64_t second = -1;
  };
  void add(accumulator& acc, const reading& each) const {
    put(acc, each.value);
  }
  void merge(accumulator& acc, const accumulator& other) const {
    put(acc, other.first);
    put(acc, other.second);
  }
  std::int64_t result(const accumulator& acc) const {
    return acc.first * 1000 + acc.second;
  }

private:
  static void put(accumulator& acc, std::int64_t value) {
    if (value > acc.first)
      acc.second = std::exchange(acc.first, value);
    else
      acc.second = std::max(acc.second, value);
  }
};
/// The same, kept from slices: no merge.
struct two_largest_alone {
  using accumulator = two_largest::accumulator;
  void add(accumulator& acc, const reading& each) const {
    two_largest{}.add(acc, each);
  }
  std::int64_t result(const accumulator& acc) const {
    return two_largest{}.result(acc);
  }
};

struct windows {
  timestamp size;
  timestamp slide;
  timestamp offset;
  timestamp lateness;
};

const output_tag<reading> late{"late"};

template <class Function>
auto harness(const windows& of, Function function,
             testing::harness_options options = {}) {
  auto made = testing::harness_of<reading>(
    [&](auto in) {
      return in.key_by(&reading::key)
        .window(sliding_event_time(duration_ms{of.size}, duration_ms{of.slide},
                                   duration_ms{of.offset}))
        .allowed_lateness(duration_ms{of.lateness})
        .side_output_late(late)
        .aggregate(function,
                   [](const window_context<std::int64_t>& context,
                      const std::int64_t& result, collector<row>& out) {
                     out.emit({context.key(), context.window().start,
                               context.window().end, result});
                   });
    },
    options);
  made.consume(late);
  return made;
}

/// Sums in sliding windows, written down plainly.
class model {
public:
  explicit model(const windows& of) : of_(of) {}

  void add(const reading& each, timestamp at) {
    bool taken = false;
    timestamp start =
      at - (((at - of_.offset) % of_.slide) + of_.slide) % of_.slide;
    for (; start > at - of_.size; start -= of_.slide) {
      const timestamp last = start + of_.size - 1;
      if (last + of_.lateness <= mark_)
        continue;
      taken = true;
      auto& cell = cells_[{start, each.key}];
      cell += each.value;
      if (last <= mark_)
        out.push_back({each.key, start, start + of_.size, cell});
    }
    if (!taken && at + of_.lateness <= mark_)
      late_records.push_back(each);
  }

  void advance(timestamp mark) {
    for (const auto& [at, value] : cells_) {
      const timestamp last = at.first + of_.size - 1;
      if (last > mark_ && last <= mark)
        out.push_back({at.second, at.first, at.first + of_.size, value});
    }
    mark_ = mark;
    std::erase_if(cells_, [&](const auto& each) {
      return each.first.first + of_.size - 1 + of_.lateness <= mark_;
    });
  }

  std::vector<row> out;
  std::vector<reading> late_records;

private:
  windows of_;
  timestamp mark_ = min_timestamp;
  std::map<std::pair<timestamp, std::int64_t>, std::int64_t> cells_;
};

struct step {
  bool record = true;
  reading value;
  timestamp at = 0; // or the watermark
};

struct scenario {
  windows of;
  std::vector<step> steps;
};

scenario random_scenario(std::mt19937_64& random) {
  auto below = [&](std::int64_t n) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
  };
  scenario result;
  result.of.size = 1 + below(40);
  result.of.slide = 1 + below(15);
  result.of.offset = below(2 * result.of.slide - 1) - result.of.slide + 1;
  result.of.lateness = below(3) == 0 ? 0 : below(40);
  timestamp now = below(200) - 100;
  timestamp mark = min_timestamp;
  const auto keys = 1 + below(5);
  for (int i = 0; i < 60; ++i) {
    if (below(5) != 0) {
      result.steps.push_back(
        {true, {below(keys), below(100)}, now - below(30)});
      now += below(4) + (below(25) == 0 ? below(100) : 0);
    } else if (now - 10 > mark) {
      mark = std::max(mark + 1, now - 10 - below(8));
      result.steps.push_back({false, {}, mark});
    }
  }
  result.steps.push_back({false, {}, max_timestamp});
  return result;
}

struct outcome {
  std::vector<std::vector<row>> between; // watermarks, each sorted
  std::vector<reading> late_records;
};

/// Where two outcomes differ first; empty: nowhere.
std::string difference(const outcome& found, const outcome& wanted) {
  std::ostringstream out;
  for (std::size_t i = 0;
       i < std::max(found.between.size(), wanted.between.size()); ++i) {
    const auto& a =
      i < found.between.size() ? found.between[i] : std::vector<row>{};
    const auto& b =
      i < wanted.between.size() ? wanted.between[i] : std::vector<row>{};
    if (a == b)
      continue;
    out << "before watermark " << i << " found";
    for (const row& each : a)
      out << ' ' << each;
    out << ", wanted";
    for (const row& each : b)
      out << ' ' << each;
    return out.str();
  }
  if (found.late_records != wanted.late_records)
    out << found.late_records.size() << " late records, wanted "
        << wanted.late_records.size();
  return out.str();
}

std::string text_of(const scenario& of) {
  std::ostringstream out;
  out << of.of.size << " by " << of.of.slide << " + " << of.of.offset
      << ", lateness " << of.of.lateness << ':';
  for (const step& each : of.steps)
    if (each.record)
      out << " (" << each.value.key << ' ' << each.value.value << " @"
          << each.at << ')';
    else
      out << " W" << each.at;
  return out.str();
}

template <class Harness>
outcome run(Harness& harness, const scenario& of,
            std::mt19937_64* restarts = nullptr) {
  outcome result;
  result.between.emplace_back();
  timestamp mark = min_timestamp;
  auto drain = [&](bool keeps_marks) {
    for (auto& item : harness.take()) {
      if (auto* emitted = std::get_if<testing::emitted<row>>(&item)) {
        CHECK(emitted->stamp == emitted->value.end - 1);
        result.between.back().push_back(emitted->value);
      } else if (keeps_marks) {
        result.between.emplace_back();
      }
    }
    for (auto& item : harness.take_side(late))
      if (auto* emitted = std::get_if<testing::emitted<reading>>(&item))
        result.late_records.push_back(emitted->value);
  };
  for (const step& each : of.steps) {
    if (restarts != nullptr && (*restarts)() % 8 == 0) {
      const auto taken = harness.snapshot();
      REQUIRE(taken);
      REQUIRE(harness.restore(*taken));
      if (mark != min_timestamp)
        REQUIRE(harness.watermark(mark));
      drain(false);
    }
    if (each.record) {
      REQUIRE(harness.push(each.value, each.at));
    } else {
      REQUIRE(harness.watermark(each.at));
      mark = each.at;
    }
    drain(true);
  }
  for (auto& rows : result.between)
    std::ranges::sort(rows);
  return result;
}

outcome expected_of(const scenario& of) {
  outcome result;
  model plain{of.of};
  for (const step& each : of.steps) {
    if (each.record) {
      plain.add(each.value, each.at);
      continue;
    }
    plain.advance(each.at);
    std::ranges::sort(plain.out);
    result.between.push_back(std::exchange(plain.out, {}));
  }
  result.between.emplace_back();
  result.late_records = plain.late_records;
  return result;
}

} // namespace

TEST_CASE("sliding windows are those of a plain computation, over slices and "
          "per window") {
  std::mt19937_64 random{test_seed()};
  for (int i = 0; i < cases; ++i) {
    const scenario of = random_scenario(random);
    CAPTURE(text_of(of));
    const auto expected = expected_of(of);
    auto by_retraction = harness(of.of, retractable_sum{});
    auto by_back_and_front = harness(of.of, sum{});
    auto per_window = harness(of.of, plain_sum{});
    REQUIRE(difference(run(per_window, of), expected) == "");
    REQUIRE(difference(run(by_retraction, of), expected) == "");
    REQUIRE(difference(run(by_back_and_front, of), expected) == "");
  }
}

TEST_CASE("what cannot be taken back is combined right, with late data") {
  std::mt19937_64 random{test_seed()};
  for (int i = 0; i < cases; ++i) {
    const scenario of = random_scenario(random);
    CAPTURE(text_of(of));
    auto over_slices = harness(of.of, two_largest{});
    auto per_window = harness(of.of, two_largest_alone{});
    REQUIRE(difference(run(over_slices, of), run(per_window, of)) == "");
  }
}

TEST_CASE("a new instance between any two steps and slow outputs change "
          "nothing") {
  std::mt19937_64 random{test_seed()};
  testing::harness_options slow;
  slow.refuse_every_second = true;
  for (int i = 0; i < cases / 4; ++i) {
    const scenario of = random_scenario(random);
    CAPTURE(text_of(of));
    auto plain = harness(of.of, two_largest{});
    auto restarted = harness(of.of, two_largest{}, slow);
    auto restarted_windows = harness(of.of, two_largest_alone{}, slow);
    const auto expected = run(plain, of);
    REQUIRE(difference(run(restarted, of, &random), expected) == "");
    REQUIRE(difference(run(restarted_windows, of, &random), expected) == "");
  }
}

} // namespace sliding_random_test
