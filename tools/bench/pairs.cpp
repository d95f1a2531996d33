#include "tools/bench/pairs.hpp"

#include <algorithm>

namespace flow::bench {

namespace {

double per_record(std::chrono::nanoseconds time, std::uint64_t records) {
  return static_cast<double>(time.count())
         / static_cast<double>(std::max<std::uint64_t>(records, 1));
}

/// One pair as it came out.
struct pair_run {
  pair_figures cpu;
  double seconds = 0; // wall clock, runtime
  std::uint64_t messages = 0;
  disturbance disturbed;
  bool equal = false;
  std::string skipped;
};

expected<pair_run> run_pair(const contest& sides, const settings& wanted) {
  pair_run result;
  const machine_watch watch;
  const auto cpu_before = process_cpu();
  const auto before = now();
  auto runtime = sides.runtime();
  if (!runtime)
    return runtime.error();
  result.seconds = std::chrono::duration<double>(now() - before).count();
  const auto cpu_between = process_cpu();
  const checksum baseline = sides.baseline();
  const auto cpu_after = process_cpu();
  result.cpu = {per_record(cpu_between - cpu_before, wanted.records),
                per_record(cpu_after - cpu_between, wanted.records)};
  result.disturbed = watch.since();
  result.messages = messages_of(runtime->counts);
  result.equal = runtime->result == baseline;
  result.skipped =
    skipped_work(runtime->counts, wanted.parallelism, wanted.records);
  return result;
}

/// One pair alone measures nothing: it runs once, so that what it takes can be
/// counted from outside.
expected<pair_run> run_undisturbed(const contest& sides,
                                   const settings& wanted) {
  const int most = wanted.pairs > 1 ? repetitions : 0;
  auto result = run_pair(sides, wanted);
  for (int i = 0; i < most && result && result->disturbed.too_much(); ++i)
    result = run_pair(sides, wanted);
  return result;
}

} // namespace

expected<bench_report> run_pairs(const contest& sides, const settings& wanted) {
  bench_report report;
  report.bench = sides.bench;
  report.config = wanted;
  report.bar = sides.bar;
  std::vector<double> ratios;
  std::vector<double> runtime;
  std::vector<double> baseline;
  std::vector<double> speed;
  for (std::uint32_t i = 0; i < wanted.pairs; ++i) {
    const auto pair = run_undisturbed(sides, wanted);
    if (!pair)
      return pair.error();
    report.pairs.push_back(pair->cpu);
    ratios.push_back(pair->cpu.runtime_ns
                     / std::max(pair->cpu.baseline_ns, 1e-3));
    runtime.push_back(pair->cpu.runtime_ns);
    baseline.push_back(pair->cpu.baseline_ns);
    speed.push_back(static_cast<double>(wanted.records) / pair->seconds);
    report.messages = pair->messages;
    report.disturbed.include(pair->disturbed);
    report.checksums_equal &= pair->equal;
    if (!pair->skipped.empty())
      report.defect = pair->skipped;
  }
  report.ratio = spread_of(ratios);
  report.runtime_ns = spread_of(runtime).median;
  report.baseline_ns = spread_of(baseline).median;
  report.records_per_second = spread_of(speed).median;
  return report;
}

expected<outcome> run_contest(const contest& sides, const settings& wanted) {
  const auto report = run_pairs(sides, wanted);
  if (!report)
    return report.error();
  print(*report);
  return report->outcome();
}

double cpu_per_record(std::uint64_t records, const std::function<void()>& f) {
  std::vector<double> times;
  for (int i = 0; i < 3; ++i) {
    const auto before = process_cpu();
    f();
    times.push_back(per_record(process_cpu() - before, records));
  }
  return spread_of(times).median;
}

} // namespace flow::bench
