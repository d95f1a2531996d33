#include "tools/bench/report.hpp"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <iostream>

#include "libflow/core/json_writer.hpp"

namespace flow::bench {

namespace {

void write_config(json_writer& out, const bench_report& report) {
  out.key("config").begin_object();
  if (!report.variant.empty())
    out.member("variant", report.variant);
  out.member("bytes", report.config.bytes);
  out.member("batch", report.config.batch);
  out.member("keys", report.config.keys);
  out.end_object();
}

void write_ratio(json_writer& out, const bench_report& report) {
  out.key("pairs").begin_array();
  for (const auto& each : report.pairs)
    out.begin_object()
      .member("runtime_cpu_ns", each.runtime_ns)
      .member("baseline_cpu_ns", each.baseline_ns)
      .end_object();
  out.end_array();
  if (report.ratio)
    out.key("ratio")
      .begin_object()
      .member("median", report.ratio->median)
      .member("p5", report.ratio->p5)
      .member("p95", report.ratio->p95)
      .end_object();
  if (report.bar)
    out.member("bar", *report.bar);
}

void print_json(const bench_report& report) {
  json_writer out;
  out.begin_object().member("bench", report.bench);
  write_config(out, report);
  out.member("records", report.config.records);
  out.member("parallelism", report.config.parallelism);
  write_ratio(out, report);
  out.member("verdict", report.verdict());
  out.member("runtime_ns_per_record", report.runtime_ns);
  out.member("baseline_ns_per_record", report.baseline_ns);
  for (const auto& [name, value] : report.extra)
    out.member(name, value);
  out.member("wall_records_per_second", report.records_per_second);
  out.member("messages", report.messages);
  out.member("peak_rss_bytes", peak_rss());
  out.member("steal_percent", report.disturbed.steal);
  out.member("foreign_cpu_percent", report.disturbed.foreign);
  out.member("checksum_equal", report.checksums_equal);
  out.end_object();
  std::cout << out.text() << std::endl;
}

void print_text(const bench_report& report) {
  std::cout << std::fixed << std::setprecision(2) << report.bench
            << (report.variant.empty() ? "" : " ") << report.variant << ": "
            << report.config.records << " records, parallelism "
            << report.config.parallelism << ": " << report.verdict() << '\n';
  if (report.ratio) {
    std::cout << "  ratio " << report.ratio->median << " (" << report.ratio->p5
              << " to " << report.ratio->p95 << ")";
    if (report.bar)
      std::cout << ", bar " << *report.bar;
    std::cout << '\n';
  }
  if (report.runtime_ns > 0)
    std::cout << "  runtime " << report.runtime_ns << " ns of CPU per record";
  if (report.baseline_ns > 0)
    std::cout << ", baseline " << report.baseline_ns << " ns";
  std::cout << (report.runtime_ns > 0 ? "\n" : "");
  for (const auto& [name, value] : report.extra)
    std::cout << "  " << name << ' ' << value << '\n';
  if (report.records_per_second > 0)
    std::cout << "  " << report.records_per_second / 1e6
              << " million records/s, " << report.messages << " messages\n";
  std::cout << "  peak RSS " << (peak_rss() >> 20) << " MiB, steal "
            << report.disturbed.steal << " %, foreign CPU "
            << report.disturbed.foreign << " %, results "
            << (report.checksums_equal ? "equal" : "DIFFER") << std::endl;
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

std::string bench_report::verdict() const {
  if (!checksums_equal)
    return "defect: the results differ";
  if (!defect.empty())
    return "defect: " + defect;
  if (disturbed.too_much())
    return "not measured";
  if (!ratio || !bar)
    return "ok";
  return ratio->median <= *bar ? "ok" : "missed";
}

bench::outcome bench_report::outcome() const {
  return checksums_equal && defect.empty() ? bench::outcome::measured
                                           : bench::outcome::defect;
}

void print(const bench_report& report) {
  (report.config.json ? print_json : print_text)(report);
}

outcome print(const std::vector<bench_report>& reports) {
  outcome result = outcome::measured;
  const bench_report* worst = &reports.front();
  for (const auto& each : reports) {
    print(each);
    if (each.ratio && worst->ratio && each.ratio->median > worst->ratio->median)
      worst = &each;
    if (each.outcome() == outcome::defect)
      result = outcome::defect;
  }
  if (reports.size() > 1 && worst->config.json)
    print(*worst);
  return result;
}

} // namespace flow::bench
