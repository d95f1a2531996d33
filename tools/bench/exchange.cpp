#include "tools/bench/baseline/exchange.hpp"
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

/// Of the two processes' bytes, those that cross from one to the other: a
/// record, its timestamp and its hash, of every second record.
double bytes_per_second(const bench_report& report) {
  const double bytes = report.config.bytes + 2 * sizeof(std::uint64_t);
  return report.records_per_second * bytes;
}

/// The job in worker processes, against processes with sockets. The workers
/// run this function too: the job's start does not return in them.
template <class Record>
expected<outcome> run_over_processes(const settings& wanted) {
  if (wanted.processes != wanted.parallelism)
    return error{error_code::invalid_argument,
                 "exchange --processes N is measured with -p N"};
  const auto tapes = make_tapes<Record>(
    {.length = wanted.records, .keys = wanted.keys}, wanted.parallelism);
  const result_folder results;
  auto report =
    run_pairs({.bench = "exchange",
               .bar = 2.5,
               .runtime = [&] { return run_runtime(tapes, wanted); },
               .baseline =
                 [&] {
                   return tcp_exchange{tapes, digest}.run();
                 }},
              wanted);
  if (!report)
    return report.error();
  report->variant = "processes";
  report->extra.emplace_back("bytes_per_second", bytes_per_second(*report));
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
