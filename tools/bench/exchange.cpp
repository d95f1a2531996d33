#include "tools/bench/baseline/exchange.hpp"
#include "libflow/job/worker_process.hpp"
#include "tools/bench/baseline/tcp_exchange.hpp"
#include "tools/bench/pairs.hpp"
#include "tools/bench/record_sizes.hpp"

namespace flow::bench {

namespace {

constexpr auto digest = [](const auto& in, timestamp time) {
  return in.value + in.key + static_cast<std::uint64_t>(time);
};

template <class Record>
struct digest_sink {
  void take(std::size_t, const carried<Record>& entry) {
    result += {1, digest(entry.value, entry.time)};
  }
  void finish() {}

  alignas(64) checksum result;
};

template <class Record>
expected<runtime_run> run_runtime(const std::vector<tape<Record>>& tapes,
                                  const settings& wanted) {
  shared_checksum total;
  auto env = make_environment(wanted);
  const auto source = env.from_source<Record>(
    std::make_shared<tape_source<Record>>(tapes, wanted.batch));
  keyed_edge(source, &Record::key)
    .sink_to(
      std::make_shared<checksum_sink<Record, decltype(digest)>>(total, digest));
  auto counts = run_job(env);
  if (!counts)
    return counts.error();
  return runtime_run{total.total(), std::move(*counts)};
}

template <class Record>
checksum run_baseline(const std::vector<tape<Record>>& tapes) {
  std::vector<digest_sink<Record>> sinks(tapes.size());
  ring_exchange<Record, digest_sink<Record>>{tapes, sinks}.run();
  checksum result;
  for (const auto& each : sinks)
    result += each.result;
  return result;
}

/// Bytes of records, timestamps and hashes that left a process.
std::uint64_t bytes_over_links(const runtime_run& of) {
  std::uint64_t result = 0;
  for (const auto& each : of.counts)
    result += each.bytes_remote;
  return result;
}

/// Part of the records whose key belongs to another process than their source.
template <class Record>
double share_of_others(const std::vector<tape<Record>>& tapes) {
  std::uint64_t all = 0;
  std::uint64_t others = 0;
  for (std::size_t self = 0; self < tapes.size(); ++self)
    tapes[self].read(0, tapes[self].length(), [&](const Record& each, auto) {
      ++all;
      others += owner_of(key_hash(each.key), tapes.size()) != self;
    });
  return static_cast<double>(others) / static_cast<double>(all);
}

void note_links(std::uint64_t bytes, double due, bench_report& report) {
  const auto records = static_cast<double>(report.config.records);
  const double each = report.config.bytes + 2 * sizeof(std::uint64_t);
  const double share = static_cast<double>(bytes) / (records * each);
  if (share < 0.98 * due || share > 1.05 * due)
    report.defect = "of the records another share has crossed a link";
  report.extra.emplace_back("bytes_over_links", static_cast<double>(bytes));
  report.extra.emplace_back("share_over_links", share);
  report.extra.emplace_back("bytes_per_second", static_cast<double>(bytes)
                                                  / records
                                                  * report.records_per_second);
}

/// The job in worker processes, against processes with sockets. The workers
/// run this function too.
template <class Record>
expected<outcome> run_over_processes(const settings& wanted) {
  if (wanted.processes != wanted.parallelism)
    return error{error_code::invalid_argument,
                 "exchange --processes N is measured with -p N"};
  const auto tapes = make_tapes<Record>(
    {.length = wanted.records, .keys = wanted.keys}, wanted.parallelism);
  // A worker passes over the jobs before its own, which does not return; what
  // stands between them is not for it.
  while (in_worker_process())
    static_cast<void>(run_runtime(tapes, wanted));
  const result_folder results;
  std::uint64_t crossed = 0;
  auto report = run_pairs({.bench = "exchange",
                           .bar = 2.5,
                           .runtime =
                             [&] {
                               auto run = run_runtime(tapes, wanted);
                               crossed = run ? bytes_over_links(*run) : 0;
                               return run;
                             },
                           .baseline =
                             [&] {
                               return tcp_exchange{tapes, digest}.run();
                             }},
                          wanted);
  if (!report)
    return report.error();
  report->variant = "processes";
  note_links(crossed, share_of_others(tapes), *report);
  print(*report);
  return report->outcome();
}

} // namespace

expected<outcome> run_exchange(const settings& wanted) {
  if (wanted.processes > 1)
    return with_record_size(wanted.bytes, [&]<class Record>() {
      return run_over_processes<Record>(wanted);
    });
  return with_record_size(wanted.bytes, [&]<class Record>() {
    const auto tapes = make_tapes<Record>(
      {.length = wanted.records, .keys = wanted.keys}, wanted.parallelism);
    return run_contest({.bench = "exchange",
                        .bar = 2.0,
                        .runtime = [&] { return run_runtime(tapes, wanted); },
                        .baseline = [&] { return run_baseline(tapes); }},
                       wanted);
  });
}

} // namespace flow::bench
