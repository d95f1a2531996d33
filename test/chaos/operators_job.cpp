/// Do all kinds of operators that keep state lose nothing and repeat nothing,
/// whatever fails on the way?
///
/// Numbers the records of many keys and sends each through one branch of every
/// kind; what comes out is a function of the input, for an auditor to work out
/// by itself. The branches are those of the simulation.

#include <memory>
#include <string>

#include "actors/support/background_threads.hpp"
#include "apps/support/run_into.hpp"
#include "libflow/connectors/files/file_sink.hpp"
#include "libflow/flow.hpp"
#include "test/sim/more_branches.hpp"

namespace flow::sim {
namespace {

struct settings {
  numbers_settings numbers;
  std::int64_t rest_ms = 10;
  std::string output;
};

option_set options_of(settings& to) {
  option_set options;
  options.add("keys", &to.numbers.keys, "K", "number of keys", {.least = 0})
    .required();
  options
    .add("per-key", &to.numbers.per_key, "N", "records of each key",
         {.least = 0})
    .required();
  options.add("rest-ms", &to.rest_ms, "MS",
              "rest of each reader behind four records", {.least = 0});
  options.add("output", &to.output, "DIR", "folder to write to").required();
  return options;
}

/// A row of a branch with the branch's name.
struct named_row {
  std::string branch;
  branch_row row;
};

data_stream<named_row> named(data_stream<branch_row> rows,
                             const std::string& name) {
  rows.uid(name).name(name);
  return rows.map([name](const branch_row& row) {
    return named_row{name, row};
  });
}

data_stream<named_row> all_branches(stream_environment& env,
                                    const settings& job,
                                    const data_stream<numbered>& numbers) {
  const auto answerer = std::make_shared<background_threads>(1);
  auto rows = named(sum_fives(numbers), "count_windows")
                .union_with(named(hold_back(numbers), "operator_lists"));
  for (const branch each :
       {branch::sessions, branch::interval_join, branch::timers,
        branch::growing_rules, branch::async_ordered, branch::async_unordered})
    rows = rows.union_with(
      named(add_branch({each, job.numbers, false}, env, numbers, answerer),
            std::string{branch_names[static_cast<std::size_t>(each)]}));
  return rows;
}

void write(const named_row& of, csv_writer& to) {
  to.text(of.branch)
    .integer(of.row.key)
    .integer(of.row.id)
    .integer(of.row.value)
    .end_row();
}

int run(int argc, char** argv) {
  settings job;
  auto env = stream_environment::from_args(
    argc, argv,
    {"operators",
     "Sends numbers through operators of every kind.",
     {"operators --keys 10 --per-key 1000 --output out -p 4"}},
    options_of(job));
  job.numbers.rest = std::chrono::milliseconds{job.rest_ms};
  auto numbers = env.from_source<numbered>(make_numbers(job.numbers));
  numbers.uid("numbers").name("number records");
  auto timed =
    numbers.assign_timestamps_and_watermarks(bounded_out_of_orderness(
      duration_ms{0}, [](const numbered& each) { return time_of(each.seq); }));
  timed.uid("time").name("read times");
  all_branches(env, job, timed)
    .sink_to(make_file_sink<named_row>(
      {.files = local_files(),
       .folder = job.output + "/" + std::string{results_folder},
       .header = "branch,key,id,value\n"},
      write))
    .uid("write")
    .name("write results");
  return run_into(env, job.output);
}

} // namespace
} // namespace flow::sim

int main(int argc, char** argv) {
  return flow::sim::run(argc, argv);
}
