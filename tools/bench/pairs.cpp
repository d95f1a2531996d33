#include "tools/bench/pairs.hpp"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <iostream>

#include "libflow/core/json_writer.hpp"

namespace flow::bench {

namespace {

constexpr int repetitions = 3;

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
    skipped_work(runtime->counts, wanted.parallelism, sides.records);
  return result;
}

expected<pair_run> run_undisturbed(const contest& sides,
                                   const settings& wanted) {
  auto result = run_pair(sides, wanted);
  for (int i = 0; i < repetitions && result && result->disturbed.too_much();
       ++i)
    result = run_pair(sides, wanted);
  return result;
}

std::string verdict(const contest& sides, const pair_results& results) {
  if (!results.checksums_equal)
    return "defect: the results differ";
  if (!results.skipped.empty())
    return "defect: " + results.skipped;
  if (results.disturbed.too_much())
    return "not measured";
  return results.ratio.median <= sides.bar ? "ok" : "missed";
}

void print_json(std::string_view bench, const settings& wanted,
                const contest& sides, const pair_results& results,
                const extra_figures& extra) {
  json_writer out;
  out.begin_object().member("bench", bench);
  out.key("config").begin_object();
  out.member("bytes", wanted.bytes).member("batch", wanted.batch);
  out.member("keys", wanted.keys).end_object();
  out.member("records", wanted.records);
  out.member("parallelism", wanted.parallelism);
  out.key("pairs").begin_array();
  for (const auto& each : results.pairs)
    out.begin_object()
      .member("runtime_cpu_ns", each.runtime_ns)
      .member("baseline_cpu_ns", each.baseline_ns)
      .end_object();
  out.end_array();
  out.key("ratio").begin_object();
  out.member("median", results.ratio.median);
  out.member("p5", results.ratio.p5).member("p95", results.ratio.p95);
  out.end_object();
  out.member("bar", sides.bar).member("verdict", verdict(sides, results));
  out.member("runtime_ns_per_record", results.runtime_ns);
  out.member("baseline_ns_per_record", results.baseline_ns);
  for (const auto& [name, value] : extra)
    out.member(name, value);
  out.member("wall_records_per_second", results.records_per_second);
  out.member("messages", results.messages);
  out.member("peak_rss_bytes", peak_rss());
  out.member("steal_percent", results.disturbed.steal);
  out.member("foreign_cpu_percent", results.disturbed.foreign);
  out.member("checksum_equal", results.checksums_equal);
  out.end_object();
  std::cout << out.text() << std::endl;
}

void print_text(std::string_view bench, const settings& wanted,
                const contest& sides, const pair_results& results,
                const extra_figures& extra) {
  std::cout << std::fixed << std::setprecision(2) << bench << ": "
            << wanted.records << " records, parallelism " << wanted.parallelism
            << "\n  runtime " << results.runtime_ns << " ns, baseline "
            << results.baseline_ns << " ns of CPU per record\n  ratio "
            << results.ratio.median << " (" << results.ratio.p5 << " to "
            << results.ratio.p95 << "), bar " << sides.bar << ": "
            << verdict(sides, results) << '\n';
  for (const auto& [name, value] : extra)
    std::cout << "  " << name << ' ' << value << '\n';
  std::cout << "  " << results.records_per_second / 1e6
            << " million records/s, " << results.messages
            << " messages, peak RSS " << (peak_rss() >> 20) << " MiB, steal "
            << results.disturbed.steal << " %, foreign CPU "
            << results.disturbed.foreign << " %, results "
            << (results.checksums_equal ? "equal" : "DIFFER") << std::endl;
}

} // namespace

spread spread_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  auto at = [&](double share) {
    const double place = share * static_cast<double>(values.size() - 1);
    const auto low = static_cast<std::size_t>(place);
    const std::size_t high = std::min(low + 1, values.size() - 1);
    return std::lerp(values[low], values[high],
                     place - static_cast<double>(low));
  };
  return {at(0.5), at(0.05), at(0.95)};
}

expected<pair_results> run_pairs(const contest& sides, const settings& wanted) {
  pair_results results;
  std::vector<double> ratios;
  std::vector<double> runtime;
  std::vector<double> baseline;
  std::vector<double> speed;
  for (std::uint32_t i = 0; i < wanted.pairs; ++i) {
    const auto pair = run_undisturbed(sides, wanted);
    if (!pair)
      return pair.error();
    results.pairs.push_back(pair->cpu);
    ratios.push_back(pair->cpu.runtime_ns
                     / std::max(pair->cpu.baseline_ns, 1e-3));
    runtime.push_back(pair->cpu.runtime_ns);
    baseline.push_back(pair->cpu.baseline_ns);
    speed.push_back(static_cast<double>(wanted.records) / pair->seconds);
    results.messages = pair->messages;
    auto& worst = results.disturbed;
    worst.steal = std::max(worst.steal, pair->disturbed.steal);
    worst.foreign = std::max(worst.foreign, pair->disturbed.foreign);
    results.checksums_equal &= pair->equal;
    if (!pair->skipped.empty())
      results.skipped = pair->skipped;
  }
  results.ratio = spread_of(ratios);
  results.runtime_ns = spread_of(runtime).median;
  results.baseline_ns = spread_of(baseline).median;
  results.records_per_second = spread_of(speed).median;
  return results;
}

outcome report(std::string_view bench, const settings& wanted,
               const contest& sides, const pair_results& results,
               const extra_figures& extra) {
  (wanted.json ? print_json : print_text)(bench, wanted, sides, results, extra);
  return results.checksums_equal && results.skipped.empty() ? outcome::measured
                                                            : outcome::defect;
}

expected<outcome> run_contest(std::string_view bench, const settings& wanted,
                              const contest& sides) {
  const auto results = run_pairs(sides, wanted);
  if (!results)
    return results.error();
  return report(bench, wanted, sides, *results);
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
