#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "libflow/flow.hpp"
#include "libflow/testing.hpp"
#include "test/libflow/windows/readings.hpp"
#include "test/support/test_seed.hpp"

namespace window_models_test {

using namespace flow;
using namespace flow::test;

// Every kind of window beside a plain computation of it, over random streams:
// two channels that fall idle, bounded disorder and late records, equal and
// negative times, a clock. Sliding windows: sliding_random_test.cpp.

namespace {

constexpr int cases = 2'000;

struct row {
  std::int64_t key = 0;
  timestamp start = 0;
  timestamp end = 0;
  std::int64_t sum = 0;

  friend auto operator<=>(const row&, const row&) = default;
};

const output_tag<reading> late{"late"};

/// What all models share.
struct model {
  std::vector<row> out;
  std::size_t late_records = 0;
  timestamp mark = min_timestamp;

  void advance(timestamp to) { mark = to; }
  void set_clock(timestamp) {}
};

struct parameters {
  timestamp size = 1; ///< or gap, or number of records
  timestamp slide = 1;
  timestamp offset = 0;
  timestamp lateness = 0;
};

parameters random_parameters(std::mt19937_64& random) {
  auto below = [&](std::int64_t n) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
  };
  parameters result;
  result.size = 1 + below(20);
  result.slide = 1 + below(12);
  result.offset = below(2 * result.size - 1) - result.size + 1;
  result.lateness = below(2) == 0 ? 0 : below(30);
  return result;
}

timestamp start_of(timestamp at, timestamp offset, timestamp size) {
  return at - (((at - offset) % size) + size) % size;
}

// -- models -------------------------------------------------------------------

struct tumbling_model : model {
  parameters of;
  std::map<std::pair<timestamp, std::int64_t>, std::int64_t> cells{};

  void add(const reading& each, timestamp at) {
    const timestamp start = start_of(at, of.offset, of.size);
    const timestamp last = start + of.size - 1;
    if (last + of.lateness <= mark) {
      late_records += at + of.lateness <= mark ? 1 : 0;
      return;
    }
    auto& cell = cells[{start, each.key}];
    cell += each.value;
    if (last <= mark)
      out.push_back({each.key, start, start + of.size, cell});
  }
  void advance(timestamp to) {
    for (const auto& [at, value] : cells)
      if (const timestamp last = at.first + of.size - 1;
          last > mark && last <= to)
        out.push_back({at.second, at.first, at.first + of.size, value});
    mark = to;
    std::erase_if(cells, [&](const auto& each) {
      return each.first.first + of.size - 1 + of.lateness <= mark;
    });
  }
};

/// Sessions as unions of intervals, by event time.
struct session_model : model {
  parameters of;
  std::vector<row> open{};

  void add(const reading& each, timestamp at) {
    row grown{each.key, at, at + of.size, each.value};
    const std::size_t before = open.size();
    std::erase_if(open, [&](const row& other) {
      if (other.key != each.key || other.start > grown.end
          || other.end < grown.start)
        return false;
      grown = {each.key, std::min(grown.start, other.start),
               std::max(grown.end, other.end), grown.sum + other.sum};
      return true;
    });
    if (open.size() == before && grown.end - 1 + of.lateness <= mark) {
      late_records += at + of.lateness <= mark ? 1 : 0;
      return;
    }
    open.push_back(grown);
    if (grown.end - 1 <= mark)
      out.push_back(grown);
  }
  void advance(timestamp to) {
    for (const row& each : open)
      if (each.end - 1 > mark && each.end - 1 <= to)
        out.push_back(each);
    mark = to;
    std::erase_if(open, [&](const row& each) {
      return each.end - 1 + of.lateness <= mark;
    });
  }
};

/// Sliding windows by the clock.
struct processing_model : model {
  parameters of;
  timestamp now = 0;
  std::map<std::pair<timestamp, std::int64_t>, std::int64_t> cells{};

  void add(const reading& each, timestamp) {
    for (timestamp start = start_of(now, 0, of.slide); start > now - of.size;
         start -= of.slide)
      cells[{start, each.key}] += each.value;
  }
  void set_clock(timestamp to) {
    now = to;
    std::erase_if(cells, [&](const auto& each) {
      const timestamp start = each.first.first;
      if (start + of.size - 1 > now)
        return false;
      out.push_back({each.first.second, start, start + of.size, each.second});
      return true;
    });
  }
};

/// Sessions by the clock.
struct processing_session_model : model {
  parameters of;
  timestamp now = 0;
  std::map<std::int64_t, row> open{};

  void add(const reading& each, timestamp) {
    row& session =
      open.try_emplace(each.key, row{each.key, now, now, 0}).first->second;
    session.end = now + of.size;
    session.sum += each.value;
  }
  void set_clock(timestamp to) {
    now = to;
    std::erase_if(open, [&](const auto& each) {
      if (each.second.end - 1 > now)
        return false;
      out.push_back(each.second);
      return true;
    });
  }
};

/// The last `size` records at every `slide` of them; or, without `evicts`, all
/// since the last purge.
struct count_model : model {
  parameters of;
  bool evicts = false;
  bool purges = false;
  std::map<std::int64_t, std::vector<std::int64_t>> held{};
  std::map<std::int64_t, std::int64_t> since{};

  void add(const reading& each, timestamp) {
    auto& values = held[each.key];
    values.push_back(each.value);
    if (++since[each.key] < (evicts ? of.slide : of.size))
      return;
    since[each.key] = 0;
    if (evicts && std::cmp_greater(values.size(), of.size))
      values.erase(values.begin(), values.end() - of.size);
    std::int64_t total = 0;
    for (const std::int64_t value : values)
      total += value;
    out.push_back({each.key, 0, 0, total});
    if (purges)
      values.clear();
  }
};

// -- comparing ----------------------------------------------------------------

std::string text_of(std::vector<row> rows) {
  std::ranges::sort(rows);
  std::ostringstream out;
  for (const row& each : rows)
    out << each.key << '[' << each.start << ',' << each.end << ")=" << each.sum
        << ' ';
  return out.str();
}

/// Takes what came out; the model follows the watermarks that the operator
/// passes on.
template <class Harness, class Model>
void compare(Harness& windows, Model& plain) {
  std::vector<row> rows;
  auto same = [&] {
    REQUIRE(text_of(std::exchange(rows, {}))
            == text_of(std::exchange(plain.out, {})));
  };
  for (const auto& item : windows.take()) {
    if (const auto* emitted = std::get_if<testing::emitted<row>>(&item)) {
      rows.push_back(emitted->value);
    } else if (const auto* mark =
                 std::get_if<testing::emitted_watermark>(&item)) {
      plain.advance(mark->mark);
      same();
    }
  }
  same();
}

template <class Harness, class Model>
void play(Harness& windows, Model& plain, std::mt19937_64& random) {
  auto below = [&](std::int64_t n) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
  };
  timestamp event_time = below(100) - 80;
  timestamp clock = 0;
  bool idle[2] = {};
  std::size_t late_found = 0;
  for (int i = 0; i < 50; ++i) {
    const auto channel = static_cast<std::size_t>(below(2));
    const auto choice = below(10);
    if (choice == 0) {
      clock += below(12);
      plain.set_clock(clock);
      REQUIRE(windows.set_processing_time(clock));
    } else if (choice == 1) {
      idle[channel] = !idle[channel];
      REQUIRE(windows.status(idle[channel] ? stream_status::idle
                                           : stream_status::active,
                             {0, channel}));
    } else if (choice < 4) {
      if (!idle[channel])
        REQUIRE(windows.watermark(event_time - below(25), {0, channel}));
    } else {
      const reading each{below(3), 1 + below(100)};
      const timestamp at = event_time - below(25);
      plain.add(each, at);
      REQUIRE(windows.push(each, at));
      event_time += below(4);
    }
    compare(windows, plain);
    for (const auto& item : windows.take_side(late))
      late_found += std::holds_alternative<testing::emitted<reading>>(item);
  }
  for (const std::size_t channel : {0U, 1U}) {
    REQUIRE(windows.status(stream_status::active, {0, channel}));
    compare(windows, plain);
    REQUIRE(windows.watermark(max_timestamp, {0, channel}));
    compare(windows, plain);
  }
  CHECK(late_found == plain.late_records);
}

/// The harness of `windows_of(keyed stream)`.
template <class WindowsOf>
auto harness(const parameters& of, WindowsOf windows_of) {
  testing::harness_options options;
  options.channels = {2};
  auto make = testing::operator_of<reading>([&](auto in) {
    auto windows = windows_of(in.key_by(&reading::key));
    windows.allowed_lateness(duration_ms{of.lateness}).side_output_late(late);
    return windows.template aggregate<row>(
      sum{},
      [](const auto& context, const std::int64_t& result, collector<row>& out) {
        if constexpr (requires { context.window().start; })
          out.emit({context.key(), context.window().start, context.window().end,
                    result});
        else
          out.emit({context.key(), 0, 0, result});
      });
  });
  REQUIRE(make);
  testing::operator_harness<row> made{std::move(*make), options};
  made.consume(late);
  return made;
}

template <class Model, class WindowsOf>
void check_all(Model prototype, WindowsOf windows_of) {
  std::mt19937_64 random{test_seed()};
  for (int i = 0; i < cases; ++i) {
    CAPTURE(i);
    const parameters of = random_parameters(random);
    Model plain = prototype;
    plain.of = of;
    auto windows =
      harness(of, [&](auto keyed) { return windows_of(keyed, of); });
    play(windows, plain, random);
  }
}

} // namespace

TEST_CASE("tumbling windows, over slices") {
  check_all(tumbling_model{}, [](auto keyed, const parameters& of) {
    return keyed.window(
      tumbling_event_time{duration_ms{of.size}, duration_ms{of.offset}});
  });
}

TEST_CASE("tumbling windows, per window") {
  check_all(tumbling_model{}, [](auto keyed, const parameters& of) {
    return keyed
      .window(tumbling_event_time{duration_ms{of.size}, duration_ms{of.offset}})
      .trigger(window_end_trigger{time_domain::event});
  });
}

TEST_CASE("sessions, all of a key together") {
  check_all(session_model{}, [](auto keyed, const parameters& of) {
    return keyed.window(session_event_time{duration_ms{of.size}});
  });
}

TEST_CASE("sessions, per window") {
  check_all(session_model{}, [](auto keyed, const parameters& of) {
    return keyed.window(session_event_time{duration_ms{of.size}})
      .trigger(window_end_trigger{time_domain::event});
  });
}

TEST_CASE("sliding windows by the clock") {
  check_all(processing_model{}, [](auto keyed, const parameters& of) {
    return keyed.window(
      sliding_processing_time{duration_ms{of.size}, duration_ms{of.slide}});
  });
}

TEST_CASE("sessions by the clock") {
  check_all(processing_session_model{}, [](auto keyed, const parameters& of) {
    return keyed.window(session_processing_time{duration_ms{of.size}});
  });
}

TEST_CASE("the global window, fired by a count") {
  check_all(count_model{}, [](auto keyed, const parameters& of) {
    return keyed.window(global_windows{}).trigger(count_trigger{of.size});
  });
}

TEST_CASE("count windows that tumble") {
  count_model plain;
  plain.purges = true;
  check_all(plain, [](auto keyed, const parameters& of) {
    return keyed.count_window(of.size);
  });
}

TEST_CASE("count windows that slide") {
  count_model plain;
  plain.evicts = true;
  check_all(plain, [](auto keyed, const parameters& of) {
    return keyed.count_window(of.size, of.slide);
  });
}

} // namespace window_models_test
