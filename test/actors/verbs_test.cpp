#include <algorithm>
#include <map>
#include <set>

#include "test/actors/task_fixture.hpp"

/// Every verb of the API, seen from outside: what comes out of whole jobs.

using namespace flow;
using namespace std::chrono_literals;

namespace {

/// Where a number was seen.
struct seen {
  std::int64_t subtask = 0;
  std::int64_t value = 0;

  auto operator<=>(const seen&) const = default;
};

/// Notes in which subtask it met a record.
class look {
public:
  void open(runtime_context& context) { subtask_ = context.subtask_index(); }
  seen operator()(std::int64_t value) const { return {subtask_, value}; }

private:
  std::int64_t subtask_ = 0;
};

struct reading {
  std::int64_t sensor = 0;
  std::int64_t time = 0;
  std::int64_t degrees = 0;

  auto operator<=>(const reading&) const = default;
};

template <class T>
std::vector<T> sorted(const collected<T>& results) {
  auto records = results.records();
  std::sort(records.begin(), records.end());
  return records;
}

void run(stream_environment& env) {
  auto job = env.execute_async();
  REQUIRE_MESSAGE(job, (job ? "" : job.error().text));
  const auto result = (*job)->wait(20s);
  REQUIRE_MESSAGE(result.has_value(), "the job hangs");
  REQUIRE_MESSAGE(result->outcome == job_outcome::finished,
                  (result->cause ? result->cause->text : ""));
}

/// Makes the numbers odd that come from an odd subtask of the source.
class mark {
public:
  void open(runtime_context& context) { subtask_ = context.subtask_index(); }
  std::int64_t operator()(std::int64_t value) const {
    return value * 2 + subtask_;
  }

private:
  std::int64_t subtask_ = 0;
};

/// n numbers from two subtasks, seen by four behind one partitioning.
template <class Partition>
std::vector<seen> spread(std::int64_t n, Partition partition,
                         int receivers = 4) {
  stream_environment env{test_options()};
  auto numbers = env.from_sequence(0, n - 1);
  numbers.set_parallelism(2);
  auto marked = numbers.map(mark{});
  marked.set_parallelism(2);
  auto looked = partition(marked).map(look{});
  looked.set_parallelism(receivers);
  const auto results = looked.collect();
  run(env);
  return sorted(results);
}

std::map<std::int64_t, std::int64_t> per_subtask(const std::vector<seen>& all) {
  std::map<std::int64_t, std::int64_t> count;
  for (const auto& each : all)
    ++count[each.subtask];
  return count;
}

std::set<std::int64_t> values_of(const std::vector<seen>& all) {
  std::set<std::int64_t> values;
  for (const auto& each : all)
    values.insert(each.value);
  return values;
}

std::vector<reading> readings() {
  return {{1, 1, 20}, {2, 3, 25}, {1, 4, 18}, {1, 11, 30},
          {2, 12, 5}, {1, 25, 1}, {2, 2, 99}, {1, 15, 7}};
}

/// With a watermark after every record.
job_options row_by_row() {
  job_options options = test_options();
  options.watermark_every_rows = 1;
  return options;
}

} // namespace

TEST_CASE("each partitioning takes records where it says") {
  constexpr std::int64_t n = 10'000;
  const auto all_once = [](const std::vector<seen>& found) {
    return found.size() == n && values_of(found).size() == n;
  };
  auto found = spread(n, [](const auto& s) { return s.rebalance(); });
  CHECK(all_once(found));
  for (const auto& [subtask, count] : per_subtask(found))
    CHECK(count == n / 4);
  found = spread(n, [](const auto& s) { return s.shuffle(); });
  CHECK(all_once(found));
  for (const auto& [subtask, count] : per_subtask(found))
    CHECK(count > n / 5);
  found = spread(n, [](const auto& s) { return s.global(); });
  CHECK(all_once(found));
  CHECK(per_subtask(found) == std::map<std::int64_t, std::int64_t>{{0, n}});
  found = spread(n, [](const auto& s) { return s.broadcast(); });
  CHECK(values_of(found).size() == n);
  for (const auto& [subtask, count] : per_subtask(found))
    CHECK(count == n);
  found = spread(n, [](const auto& s) { return s.rescale(); });
  CHECK(all_once(found));
  for (const auto& each : found) // half of the receivers for each sender
    CHECK((each.subtask < 2) == (each.value % 2 == 0));
  found = spread(
    n, [](const auto& s) { return s.forward(); }, 2);
  CHECK(all_once(found));
  for (const auto& each : found)
    CHECK(each.subtask == each.value % 2);
  found = spread(n, [](const auto& s) {
    return s.partition_custom([](std::int64_t x, std::uint32_t channels) {
      return static_cast<std::uint32_t>(x) % 3 % channels;
    });
  });
  CHECK(all_once(found));
  for (const auto& each : found)
    CHECK(each.subtask == each.value % 3);
}

TEST_CASE("map, filter, flat_map and process in one chain") {
  const output_tag<text> odd{"odd"};
  stream_environment env{test_options(3)};
  auto processed =
    env.from_sequence(1, 6)
      .map([](std::int64_t x) { return x * 10; })
      .filter([](std::int64_t x) { return x != 20; })
      .flat_map([](std::int64_t x, collector<std::int64_t>& out) {
        out.emit(x);
        out.emit(x + 1);
      })
      .process([odd](std::int64_t x, process_context& context,
                     collector<std::int64_t>& out) {
        if (x % 2 == 0)
          out.emit(x);
        else
          context.emit(odd, text{std::to_string(x)});
      });
  const auto even = processed.collect();
  const auto others = processed.side_output(odd).collect();
  run(env);
  CHECK(sorted(even) == std::vector<std::int64_t>{10, 30, 40, 50, 60});
  CHECK(sorted(others)
        == std::vector<text>{text{"11"}, text{"31"}, text{"41"}, text{"51"},
                             text{"61"}});
}

TEST_CASE("a union has the records of all its streams, itself included") {
  stream_environment env{test_options(2)};
  const auto a = env.from_sequence(1, 3);
  const auto b = env.from_collection<std::int64_t>({4, 5});
  const auto results = a.union_with(b, a).rebalance().collect();
  run(env);
  CHECK(sorted(results) == std::vector<std::int64_t>{1, 1, 2, 2, 3, 3, 4, 5});
}

TEST_CASE("rolling aggregates per key") {
  stream_environment env{test_options()};
  const auto keyed = env.from_collection(readings()).key_by(&reading::sensor);
  const auto sums = keyed.sum(&reading::degrees).collect();
  const auto least = keyed.min(&reading::degrees).collect();
  const auto most = keyed.max(&reading::degrees).collect();
  const auto last =
    keyed.reduce([](const reading&, const reading& next) { return next; })
      .collect();
  run(env);
  const auto of_first = [](const collected<reading>& results) {
    std::vector<std::int64_t> degrees;
    for (const auto& each : results.records())
      if (each.sensor == 1)
        degrees.push_back(each.degrees);
    return degrees;
  };
  using list = std::vector<std::int64_t>;
  CHECK(of_first(sums) == list{20, 38, 68, 69, 76});
  CHECK(of_first(least) == list{20, 18, 18, 1, 1});
  CHECK(of_first(most) == list{20, 20, 30, 30, 30});
  CHECK(of_first(last) == list{20, 18, 30, 1, 7});
}

TEST_CASE("a keyed process counts in a value state at any parallelism") {
  struct count {
    value_state<std::int64_t> count_;
    void open(keyed_runtime_context<std::int64_t>& context) {
      count_ = context.state(value_state_descriptor<std::int64_t>{"n"});
    }
    void process(std::int64_t, keyed_context<std::int64_t>& context,
                 collector<seen>& out) {
      count_.update([](std::int64_t& n) { ++n; });
      out.emit({context.key(), count_.value()});
    }
  };
  for (const std::uint32_t p : {1U, 4U}) {
    stream_environment env{test_options(p)};
    const auto results = env.from_sequence(0, 99)
                           .key_by([](std::int64_t x) { return x % 10; })
                           .process<seen>(count{})
                           .collect();
    run(env);
    std::vector<seen> wanted;
    for (std::int64_t key = 0; key < 10; ++key)
      for (std::int64_t n = 1; n <= 10; ++n)
        wanted.push_back({key, n});
    CHECK((sorted(results) == wanted));
  }
}

TEST_CASE("windows reduce, aggregate and process; what is late goes aside") {
  struct total {
    using accumulator = std::int64_t;
    void add(std::int64_t& sum, const reading& each) const {
      sum += each.degrees;
    }
    std::int64_t result(const std::int64_t& sum) const { return sum; }
  };
  const output_tag<reading> late{"late"};
  stream_environment env{row_by_row()};
  const auto timed =
    env.from_collection(readings())
      .assign_timestamps_and_watermarks(monotonous_timestamps(&reading::time));
  const auto windows =
    timed.key_by(&reading::sensor).window(tumbling_event_time(10ms));
  auto with_late = windows;
  with_late.side_output_late(late);
  auto totals = with_late.aggregate(total{});
  const auto sums = totals.collect();
  const auto too_late = totals.side_output(late).collect();
  auto patient = windows;
  const auto patient_sums =
    patient.allowed_lateness(100ms).aggregate(total{}).collect();
  const auto hottest = windows
                         .reduce([](const reading& a, const reading& b) {
                           return a.degrees < b.degrees ? b : a;
                         })
                         .collect();
  const auto sizes =
    windows
      .process([](const window_context<std::int64_t>& context,
                  std::span<const reading> all, collector<seen>& out) {
        out.emit({context.window().start * 100 + context.key(),
                  static_cast<std::int64_t>(all.size())});
      })
      .collect();
  run(env);
  using list = std::vector<std::int64_t>;
  CHECK(sorted(sums) == list{1, 5, 25, 30, 38});
  CHECK(sorted(too_late) == std::vector<reading>{{1, 15, 7}, {2, 2, 99}});
  // Each late one fires its window again, with all that it holds.
  CHECK(sorted(patient_sums) == list{1, 5, 25, 30, 37, 38, 124});
  CHECK(sorted(hottest)
        == std::vector<reading>{
          {1, 1, 20}, {1, 11, 30}, {1, 25, 1}, {2, 3, 25}, {2, 12, 5}});
  CHECK(sorted(sizes)
        == std::vector<seen>{{1, 2}, {2, 1}, {1001, 1}, {1002, 1}, {2001, 1}});
}

TEST_CASE("every watermark strategy lets windows close when it says") {
  /// A watermark behind every time that is a multiple of ten.
  struct tens {
    std::optional<timestamp> on_event(const reading&, timestamp stamp) {
      return stamp % 10 == 0 ? std::optional{stamp} : std::nullopt;
    }
    std::optional<timestamp> on_periodic() { return std::nullopt; }
  };
  const std::vector<reading> some = {{1, 5, 0},  {1, 10, 0}, {1, 8, 0},
                                     {1, 20, 0}, {1, 22, 0}, {1, 13, 0},
                                     {1, 14, 0}};
  const auto late_with = [&](auto strategy) {
    const output_tag<reading> late{"late"};
    stream_environment env{row_by_row()};
    auto results =
      env.from_collection(some)
        .assign_timestamps_and_watermarks(std::move(strategy))
        .key_by(&reading::sensor)
        .window(tumbling_event_time(10ms))
        .side_output_late(late)
        .reduce([](const reading& a, const reading&) { return a; });
    const auto found = results.side_output(late).collect();
    (void)results.collect();
    run(env);
    return found.records().size();
  };
  CHECK(late_with(monotonous_timestamps(&reading::time)) == 3);
  CHECK(late_with(bounded_out_of_orderness(2ms, &reading::time)) == 2);
  CHECK(late_with(bounded_out_of_orderness(20ms, &reading::time)) == 0);
  CHECK(late_with(timestamps_without_watermarks(&reading::time)) == 0);
  CHECK(late_with(custom_watermarks_of(&reading::time, tens{})) == 3);
}

TEST_CASE("records wait for the whole of a broadcast input") {
  for (const std::uint32_t p : {1U, 4U}) {
    stream_environment env{test_options(p)};
    const auto names = env.from_sequence(0, 999);
    const auto results =
      env.from_sequence(0, 1999)
        .connect(names.broadcast())
        .wait_for(broadcast_input)
        .process<std::int64_t, std::int64_t>(
          [](std::int64_t x, broadcast_state<std::int64_t, std::int64_t>& map) {
            map.set(x, x * x);
          },
          [](std::int64_t x,
             const broadcast_state<std::int64_t, std::int64_t>& map,
             process_context&, collector<std::int64_t>& out) {
            const auto* square = map.find(x);
            out.emit(square ? *square - x * x : -1);
          })
        .collect();
    run(env);
    std::map<std::int64_t, int> count;
    for (const auto each : results.records())
      ++count[each];
    CHECK(count == std::map<std::int64_t, int>{{0, 1000}, {-1, 1000}});
  }
}

TEST_CASE("names, chains and slot groups are as written") {
  stream_environment env{test_options()};
  const auto same = [](std::int64_t x) { return x; };
  auto read = env.from_sequence(1, 2);
  read.name("read").uid("r");
  auto a = read.map(same);
  a.name("a");
  auto b = a.map(same);
  b.name("b").start_new_chain();
  auto c = b.map(same);
  c.name("c").disable_chaining();
  auto d = c.map(same);
  d.name("d").slot_sharing_group("apart");
  d.print().name("out").uid("o");
  const auto built = env.build();
  REQUIRE(built);
  std::vector<std::string> chains;
  std::map<std::string, std::string> groups;
  for (const auto& vertex : (*built)->vertices()) {
    chains.push_back(vertex.name);
    groups[vertex.name] = vertex.slot_sharing_group;
  }
  CHECK(chains == std::vector<std::string>{"read -> a", "b", "c", "d -> out"});
  CHECK(groups["d -> out"] == "apart");
  CHECK(groups["c"] == "default");
  CHECK((*built)->vertices()[0].operators[0].node.uid == "r");
}
