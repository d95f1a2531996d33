/// How many different users came in the last hour, every ten seconds?
///
/// Windows over a whole stream that overlap 360 times: each event goes into the
/// sketch of one slice, and a window's estimate comes from the sketches of its
/// slices.

#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>

#include "apps/support/run_into.hpp"
#include "apps/unique_visitors/sketches.hpp"
#include "libflow/connectors/csv/csv_writer.hpp"
#include "libflow/connectors/files/file_sink.hpp"
#include "libflow/flow.hpp"

namespace unique_visitors {
namespace {

enum class sketch { hll, bloom };

struct settings {
  std::string input;
  std::string output;
  std::int64_t events = 1'000'000;
  std::int64_t users = 100'000;
  std::int64_t rate = 1'000;
  std::int64_t seed = 1;
  std::int64_t base_ms = 1'600'000'000'000;
  std::chrono::milliseconds window = std::chrono::hours{1};
  std::chrono::milliseconds slide = std::chrono::seconds{10};
  std::chrono::milliseconds out_of_orderness = std::chrono::minutes{1};
  sketch by = sketch::hll;
  bool exact = false;
  std::int64_t budget_mib = 1024;
};

flow::option_set options_of(settings& to) {
  flow::option_set options;
  options.add("input", &to.input, "FILE",
              "visits to read, as CSV time_ms,user; none: generate them");
  options.add("output", &to.output, "DIR", "folder to write to").required();
  options.add("events", &to.events, "N", "visits to generate");
  options.add("users", &to.users, "N", "users that there are at most");
  options.add("rate", &to.rate, "N", "generated visits per second");
  options.add("seed", &to.seed, "N", "of the generated users");
  options.add("base-ms", &to.base_ms, "MS", "time of the first visit");
  options.add("window", &to.window, "length of a window");
  options.add("slide", &to.slide, "a window begins every so often");
  options.add("out-of-orderness", &to.out_of_orderness,
              "how far a row of --input may be behind the latest before it");
  options.add_choice("sketch", &to.by,
                     {{"hll", sketch::hll}, {"bloom", sketch::bloom}},
                     "what estimates the number of users");
  options.add("exact", &to.exact, "count the users as well");
  options.add("memory-budget", &to.budget_mib, "MIB",
              "what the sketches of a window's slices may need");
  options.check([&to]() -> flow::expected<void> {
    const bool some = to.window.count() > 0 && to.slide.count() > 0
                      && to.users > 0 && to.rate > 0 && to.events >= 0;
    if (some)
      return {};
    return flow::error{flow::error_code::invalid_argument,
                       "--window, --slide, --users and --rate are above 0, "
                       "--events is not below"};
  });
  return options;
}

/// A row of the results; parts of it may still be missing.
struct row {
  flow::timestamp window_start = 0;
  flow::timestamp window_end = 0;
  std::int64_t estimate = 0;
  std::int64_t exact = 0;
};

row joined(const row& a, const row& b) {
  return {a.window_start, a.window_end, a.estimate + b.estimate,
          a.exact + b.exact};
}

flow::data_stream<visit> visits(flow::stream_environment& env,
                                const settings& job) {
  if (!job.input.empty()) {
    auto rows =
      env.from_source<visit>(visits_of(flow::local_files(), job.input));
    rows.uid("visits").name("read visits");
    return rows.assign_timestamps_and_watermarks(
      flow::bounded_out_of_orderness(job.out_of_orderness, &visit::time));
  }
  auto numbers = env.from_sequence(0, job.events - 1);
  numbers.uid("numbers").name("number visits").set_parallelism(1);
  auto made =
    numbers.map(generator{static_cast<std::uint64_t>(job.users), job.rate,
                          static_cast<std::uint64_t>(job.seed), job.base_ms});
  made.uid("visits").name("generate visits").set_parallelism(1);
  auto timed = made.assign_timestamps_and_watermarks(
    flow::monotonous_timestamps(&visit::time));
  timed.set_parallelism(1);
  return timed;
}

template <class Function>
flow::data_stream<row> count(const flow::data_stream<visit>& timed,
                             const settings& job, Function function,
                             std::int64_t row::*column) {
  return timed.window_all(flow::sliding_event_time(job.window, job.slide))
    .aggregate(std::move(function),
               [column](const flow::window_context<flow::no_key>& context,
                        const std::int64_t& users, flow::collector<row>& out) {
                 row result{context.window().start, context.window().end, 0, 0};
                 result.*column = users;
                 out.emit(result);
               });
}

flow::data_stream<row> estimate(const flow::data_stream<visit>& timed,
                                const settings& job) {
  auto rows =
    job.by == sketch::hll
      ? count(timed, job, hyper_log_log{}, &row::estimate)
      : count(timed, job,
              bloom_filter::for_users(static_cast<std::uint64_t>(job.users)),
              &row::estimate);
  rows.uid("estimate").name("estimate users");
  return rows;
}

void compose(flow::stream_environment& env, const settings& job) {
  auto timed = visits(env, job);
  timed.uid("event-time").name("event time");
  auto rows = estimate(timed, job);
  if (job.exact) {
    auto counted = count(timed, job, exact_count{}, &row::exact);
    counted.uid("count").name("count users");
    // Of each window one row from either side.
    rows = rows.union_with(counted)
             .key_by(&row::window_start)
             .count_window(2)
             .reduce(joined);
    rows.uid("join").name("join both");
  }
  const bool exact = job.exact;
  rows
    .sink_to(flow::make_file_sink<row>(
      {.files = flow::local_files(),
       .folder = job.output + "/" + std::string{flow::results_folder},
       .header = exact ? "window_start,window_end,estimate,exact\n"
                       : "window_start,window_end,estimate\n"},
      [exact](const row& each, flow::csv_writer& to) {
        to.time(each.window_start).time(each.window_end).integer(each.estimate);
        if (exact)
          to.integer(each.exact);
        to.end_row();
      }))
    .uid("write-results")
    .name("write results");
}

/// Bytes that the sketches of a window's slices need: two a slice.
std::uint64_t sketch_bytes(const settings& job) {
  const std::uint64_t each =
    job.by == sketch::hll
      ? hyper_log_log::bytes()
      : bloom_filter::for_users(static_cast<std::uint64_t>(job.users)).bytes();
  const auto slices =
    static_cast<std::uint64_t>(job.window.count() / job.slide.count()) + 1;
  return 2 * each * slices;
}

int run(int argc, char** argv) {
  settings job;
  auto env = flow::stream_environment::from_args(
    argc, argv,
    {"unique_visitors",
     "Estimates how many different users came in sliding windows.",
     {"unique_visitors --events 1000000 --users 100000 --output out",
      "unique_visitors --sketch bloom --exact --window 5min --output out"}},
    options_of(job));
  const std::uint64_t needed = sketch_bytes(job);
  std::cout << "memory per window: " << needed << " bytes" << std::endl;
  if (needed >> 20 > static_cast<std::uint64_t>(job.budget_mib))
    return flow::report_failure(
      env, {flow::error_code::invalid_argument,
            "the sketches of a window need " + std::to_string(needed >> 20)
              + " MiB, which is over --memory-budget of "
              + std::to_string(job.budget_mib)
              + " MiB: take fewer users, a longer slide or --sketch hll"});
  compose(env, job);
  return flow::run_into(env, job.output);
}

} // namespace
} // namespace unique_visitors

int main(int argc, char** argv) {
  return unique_visitors::run(argc, argv);
}
