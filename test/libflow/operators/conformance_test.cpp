#include "test/libflow/operators/conformance.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "test/support/test_seed.hpp"

namespace conformance_test {

using namespace flow;
using namespace flow::conformance;

namespace {

constexpr int scripts = 120;

// -- functions ----------------------------------------------------------------

/// Counts in state, reminds itself in both kinds of time, tells a side output.
struct counting {
  value_state<std::int64_t> count;

  void open(keyed_runtime_context<std::int64_t>& context) {
    count = context.state(value_state_descriptor<std::int64_t>{"count"});
  }
  template <class Context>
  void take(const reading& in, Context& context, collector<reading>& out) {
    count.set(count.value() + in.value);
    out.emit({in.key, count.value(), in.time});
    if (in.value % 3 == 0)
      context.register_event_timer(in.time + in.value);
    if (in.value % 5 == 0)
      context.register_processing_timer(context.processing_time() + in.value);
    if (in.value % 7 == 0)
      context.emit(side, in);
  }
  void process(const reading& in, keyed_context<std::int64_t>& context,
               collector<reading>& out) {
    take(in, context, out);
  }
  void process_first(const reading& in, keyed_context<std::int64_t>& context,
                     collector<reading>& out) {
    take(in, context, out);
  }
  void process_second(const reading& in, keyed_context<std::int64_t>& context,
                      collector<reading>& out) {
    count.clear();
    take(in, context, out);
  }
  void on_timer(timestamp time, timer_context<std::int64_t>& context,
                collector<reading>& out) {
    out.emit({context.key(), count.value(), time});
    if (count.value() % 2 == 0)
      count.clear();
  }
};

/// Both sides of streams that are not keyed.
struct passing {
  void process_first(const reading& in, process_context& context,
                     collector<reading>& out) {
    out.emit({in.key, in.value, context.current_watermark()});
  }
  void process_second(const reading& in, process_context& context,
                      collector<reading>& out) {
    if (in.value % 2 == 0)
      context.emit(side, in);
    for (std::int64_t i = 0; i < in.value % 4; ++i)
      out.emit({in.key, i, in.time});
  }
};

/// Adds what was broadcast for a key, and its own count of records.
struct priced : counting {
  broadcast_map<std::int64_t, std::int64_t> prices;

  void open(keyed_broadcast_runtime_context<std::int64_t>& context) {
    counting::open(context);
    prices = context.broadcast(
      broadcast_state_descriptor<std::int64_t, std::int64_t>{"prices"});
  }
  void process(const reading& in, keyed_context<std::int64_t>& context,
               collector<reading>& out) {
    const auto* price = prices.find(in.key);
    take({in.key, in.value + (price != nullptr ? *price : 0), in.time}, context,
         out);
  }
  void process_broadcast(const reading& in,
                         keyed_broadcast_context<std::int64_t>&,
                         collector<reading>&) {
    prices.put(in.key, in.value);
  }
};

struct sum {
  using accumulator = std::int64_t;
  void add(accumulator& acc, const reading& in) const { acc += in.value; }
  void merge(accumulator& acc, const accumulator& other) const { acc += other; }
  std::int64_t result(const accumulator& acc) const { return acc; }
};

struct emit_window {
  template <class Context>
  void operator()(const Context& context, const std::int64_t& value,
                  collector<reading>& out) const {
    out.emit({context.key(), value, context.window().start});
  }
};

template <class Stream>
auto summed(Stream windows) {
  windows.allowed_lateness(duration_ms{15}).side_output_late(side);
  return windows.template aggregate<reading>(sum{}, emit_window{});
}

// -- the list -----------------------------------------------------------------

template <class... In, class Compose>
auto maker_of(Compose compose) {
  auto made = testing::operator_of<In...>(compose);
  REQUIRE(made);
  return *made;
}

template <class Compose>
subject one_input(std::string operator_class, std::string name,
                  Compose compose) {
  return {std::move(operator_class), std::move(name), 1,
          maker_of<reading>(compose)};
}
template <class Compose>
subject two_inputs(std::string operator_class, std::string name,
                   Compose compose) {
  return {std::move(operator_class), std::move(name), 2,
          maker_of<reading, reading>(compose)};
}

std::vector<subject> plain_operators() {
  std::vector<subject> all;
  all.push_back(one_input("map_operator", "map", [](auto in) {
    return in.map([](const reading& each) {
      return reading{each.key, each.value + 1, each.time};
    });
  }));
  all.push_back(one_input("filter_operator", "filter", [](auto in) {
    return in.filter([](const reading& each) { return each.value % 2 == 0; });
  }));
  all.push_back(one_input("flat_map_operator", "flat_map", [](auto in) {
    return in.flat_map([](const reading& each, collector<reading>& out) {
      for (std::int64_t i = 0; i < each.value % 4; ++i)
        out.emit({each.key, i, each.time});
    });
  }));
  all.push_back(one_input("process_operator", "process", [](auto in) {
    return in.process([](const reading& each, process_context& context,
                         collector<reading>& out) {
      if (each.value % 3 == 0)
        context.emit(side, each);
      else
        out.emit({each.key, each.value, context.current_watermark()});
    });
  }));
  all.push_back(one_input("watermark_operator", "watermarks", [](auto in) {
    return in.assign_timestamps_and_watermarks(
      bounded_out_of_orderness(duration_ms{5}, &reading::time));
  }));
  all.back().watermark_every_rows = 3;
  for (const bool ordered : {true, false})
    all.push_back(one_input(
      "async_operator", ordered ? "ordered" : "unordered", [ordered](auto in) {
        auto ask = [](const reading& each, async_promise<reading> promise) {
          promise.complete({each.key, each.value * 2, each.time});
        };
        return ordered ? in.template async_ordered<reading>(ask, {})
                       : in.template async_unordered<reading>(ask, {});
      }));
  all.push_back(
    two_inputs("co_process_operator", "co_process", [](auto a, auto b) {
      return a.connect(b).template process<reading>(passing{});
    }));
  all.push_back(
    two_inputs("broadcast_process_operator", "broadcast", [](auto a, auto b) {
      return a.connect(b.broadcast())
        .template process<std::int64_t, std::int64_t, reading>(
          [](const reading& in,
             broadcast_state<std::int64_t, std::int64_t>& to) {
            to.set(in.key, in.value);
          },
          [](const reading& in,
             const broadcast_state<std::int64_t, std::int64_t>& from,
             process_context&, collector<reading>& out) {
            const auto* found = from.find(in.key);
            out.emit({in.key, found != nullptr ? *found : -1, in.time});
          });
    }));
  return all;
}

std::vector<subject> keyed_operators() {
  std::vector<subject> all;
  all.push_back(one_input("reduce_operator", "reduce", [](auto in) {
    return in.key_by(&reading::key)
      .reduce([](const reading& a, const reading& b) {
        return reading{a.key, a.value + b.value, b.time};
      });
  }));
  all.push_back(one_input("keyed_process_operator", "keyed", [](auto in) {
    return in.key_by(&reading::key).template process<reading>(counting{});
  }));
  all.push_back(
    two_inputs("keyed_co_process_operator", "keyed co", [](auto a, auto b) {
      return a.key_by(&reading::key)
        .connect(b.key_by(&reading::key))
        .template process<reading>(counting{});
    }));
  all.push_back(two_inputs("keyed_broadcast_process_operator",
                           "keyed broadcast", [](auto a, auto b) {
                             return a.key_by(&reading::key)
                               .connect(b.broadcast())
                               .template process<reading>(priced{});
                           }));
  all.push_back(
    two_inputs("interval_join_operator", "interval join", [](auto a, auto b) {
      return a.key_by(&reading::key)
        .interval_join(b.key_by(&reading::key))
        .between(duration_ms{-6}, duration_ms{9})
        .late_left(side)
        .late_right(side)
        .process([](const reading& left, const reading& right) {
          return reading{left.key, left.value * 100 + right.value, right.time};
        });
    }));
  return all;
}

template <class Windows>
subject windows(std::string operator_class, std::string name, Windows of) {
  return one_input(std::move(operator_class), std::move(name), [of](auto in) {
    return summed(in.key_by(&reading::key).window(of));
  });
}

std::vector<subject> window_operators() {
  std::vector<subject> all;
  all.push_back(windows("slice_window_operator", "tumbling",
                        tumbling_event_time{duration_ms{10}}));
  all.push_back(windows("sliding_window_operator", "sliding",
                        sliding_event_time{duration_ms{12}, duration_ms{4}}));
  all.push_back(windows("session_window_operator", "sessions",
                        session_event_time{duration_ms{6}}));
  all.push_back(windows("window_operator", "processing time",
                        tumbling_processing_time{duration_ms{7}}));
  all.push_back(
    one_input("window_operator", "sessions, per window", [](auto in) {
      return summed(in.key_by(&reading::key)
                      .window(session_event_time{duration_ms{6}})
                      .trigger(window_end_trigger{time_domain::event}));
    }));
  all.push_back(
    one_input("window_operator", "all records of sliding windows", [](auto in) {
      return in.key_by(&reading::key)
        .window(sliding_event_time{duration_ms{12}, duration_ms{4}})
        .template process<reading>(
          [](const window_context<std::int64_t>& context,
             std::span<const reading> held, collector<reading>& out) {
            for (const reading& each : held)
              out.emit({each.key, each.value, context.window().start});
          });
    }));
  all.push_back(one_input("window_operator", "count", [](auto in) {
    return in.key_by(&reading::key)
      .count_window(5, 2)
      .reduce([](const reading& a, const reading& b) {
        return reading{a.key, a.value + b.value, b.time};
      });
  }));
  return all;
}

std::vector<subject> all_operators() {
  std::vector<subject> all;
  for (auto part : {plain_operators(), keyed_operators(), window_operators()})
    for (auto& each : part)
      all.push_back(std::move(each));
  return all;
}

/// Classes of operators in the headers of a folder.
std::set<std::string> classes_in(const std::filesystem::path& folder) {
  std::set<std::string> result;
  for (const auto& entry : std::filesystem::directory_iterator{folder}) {
    if (entry.path().extension() != ".hpp")
      continue;
    std::ifstream file{entry.path()};
    std::string first;
    std::string second;
    for (std::string third; file >> third; first = std::exchange(second, third))
      if (first == "class" && second.ends_with("_operator") && third == "final")
        result.insert(second);
  }
  return result;
}

/// They have no input, or no output: tested with what they read and write.
const std::set<std::string> ends{"source_operator", "sink_operator"};

} // namespace

TEST_CASE("every operator is tested for what holds for all") {
  // Tests run in the project's folder.
  auto classes = classes_in("libflow/operators");
  classes.merge(classes_in("libflow/windows"));
  REQUIRE(classes.size() >= 18);
  std::set<std::string> tested = ends;
  for (const auto& each : all_operators())
    tested.insert(each.operator_class);
  for (const auto& each : classes)
    CHECK_MESSAGE(tested.contains(each), each, " has no entry");
  for (const auto& each : tested)
    CHECK_MESSAGE(classes.contains(each), each, " does not exist");
}

TEST_CASE("batches, outputs that refuse and restarts show nowhere") {
  for (const auto& each : all_operators()) {
    std::mt19937_64 random{test_seed()};
    std::size_t results = 0;
    for (int i = 0; i < scripts; ++i) {
      const auto steps = random_script(random, each.inputs, each.inputs > 1);
      CAPTURE(each.name);
      CAPTURE(i);
      const auto plain = player{each, {}}.play(steps);
      REQUIRE(plain);
      for (const auto& part : plain->main)
        results += part.size();
      const auto cut = player{each, {.batches = &random}}.play(steps);
      REQUIRE(cut);
      REQUIRE(*cut == *plain);
      const auto slow =
        player{each, {.batches = &random, .refuses = true}}.play(steps);
      REQUIRE(slow);
      REQUIRE(*slow == *plain);
      // Which inputs were idle once is not in the state of an operator: a
      // task's gate keeps it.
      const auto steady = random_script(random, each.inputs, false);
      const auto unbroken = player{each, {}}.play(steady);
      REQUIRE(unbroken);
      const auto restarted =
        player{each, {.batches = &random, .restarts = &random, .refuses = true}}
          .play(steady);
      REQUIRE(restarted);
      REQUIRE(restarted->sorted() == unbroken->sorted());
    }
    CHECK(results > static_cast<std::size_t>(scripts) * 5);
  }
}

} // namespace conformance_test
