#include <cstdint>

#include "apps/nexmark/query.hpp"
#include "tools/bench/baseline/nexmark/all.hpp"
#include "tools/bench/pairs.hpp"
#include "tools/bench/scratch_folder.hpp"

namespace flow::bench {

namespace {

/// A query and the loop that it is measured against.
struct rival {
  std::string_view name;
  checksum (*baseline)(const ::nexmark::prepared_events& events);
};

namespace loops = nexmark_loops;

constexpr rival rivals[] = {
  {"q0", loops::run<loops::q0>},   {"q1", loops::run<loops::q1>},
  {"q2", loops::run<loops::q2>},   {"q3", loops::run<loops::q3>},
  {"q4", loops::run<loops::q4>},   {"q5", loops::run<loops::q5>},
  {"q6", loops::run<loops::q6>},   {"q7", loops::run<loops::q7>},
  {"q8", loops::run<loops::q8>},   {"q9", loops::run<loops::q9>},
  {"q10", loops::run<loops::q0>},  {"q11", loops::run<loops::q11>},
  {"q13", loops::run<loops::q13>}, {"q14", loops::run<loops::q14>},
  {"q15", loops::run<loops::q15>}, {"q16", loops::run<loops::q16>},
  {"q17", loops::run<loops::q17>}, {"q18", loops::run<loops::q18>},
  {"q19", loops::run<loops::q19>}, {"q20", loops::run<loops::q20>},
  {"q21", loops::run<loops::q21>}, {"q22", loops::run<loops::q22>},
  {"q23", loops::run<loops::q23>},
};

expected<runtime_run>
run_runtime(const ::nexmark::query& query,
            std::shared_ptr<const ::nexmark::prepared_events> events,
            const settings& wanted) {
  const scratch_folder checkpoints;
  auto options = make_options(wanted);
  options.checkpoints.interval = duration_ms{10'000};
  options.checkpoints.dir = checkpoints.path();
  options.checkpoints.backend = state_backend_kind::filesystem;
  stream_environment env{std::move(options)};
  auto source = env.from_source<::nexmark::event>(
    std::make_shared<::nexmark::generated_events>(
      ::nexmark::generator_config{}, wanted.records, std::move(events)));
  source.uid("events").name("events");
  const ::nexmark::query_context context{
    .events = source,
    .output = {},
    .side_input = std::make_shared<const ::nexmark::side_table>(
      ::nexmark::side_table::standard()),
    .total = std::make_shared<::nexmark::shared_table_checksum>(),
    .took = nullptr};
  query.compose(context);
  auto counts = run_job(env);
  if (!counts)
    return counts.error();
  // Behind the source a query may combine and filter: all that has to see
  // every event is the chain that begins there.
  std::erase_if(*counts, [](const vertex_counts& vertex) {
    return !vertex.name.starts_with("events");
  });
  return runtime_run{{0, context.total->total().sum}, std::move(*counts)};
}

} // namespace

expected<outcome> run_nexmark(const settings& wanted) {
  const auto events =
    ::nexmark::prepare_events(::nexmark::generator_config{}, wanted.records);
  std::vector<bench_report> reports;
  std::vector<double> ratios;
  for (const rival& each : rivals) {
    if (!wanted.only.empty() && each.name != wanted.only)
      continue;
    auto report =
      run_pairs({.bench = "nexmark",
                 .bar = 3.0,
                 .runtime =
                   [&] {
                     return run_runtime(*::nexmark::find_query(each.name),
                                        events, wanted);
                   },
                 .baseline = [&] { return each.baseline(*events); }},
                wanted);
    if (!report)
      return report.error();
    report->variant = each.name;
    report->extra.emplace_back("events_per_core_second",
                               1e9 / report->runtime_ns);
    ratios.push_back(report->ratio->median);
    report->extra.emplace_back("median_ratio_so_far", spread_of(ratios).median);
    reports.push_back(std::move(*report));
  }
  if (reports.empty())
    return error{error_code::invalid_argument,
                 "--query: there is no baseline for \"" + wanted.only + "\""};
  return print(reports);
}

} // namespace flow::bench
