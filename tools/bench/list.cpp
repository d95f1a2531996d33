#include "tools/bench/bench.hpp"

namespace flow::bench {

namespace {

settings defaults(std::uint64_t records, std::uint32_t parallelism,
                  bool any_bytes = false) {
  settings result;
  result.records = records;
  result.parallelism = parallelism;
  result.any_bytes = any_bytes;
  return result;
}

/// Of a bench that also runs in worker processes.
settings in_processes(settings result) {
  result.any_processes = true;
  return result;
}

} // namespace

const std::vector<description>& all_benches() {
  static const std::vector<description> benches{
    {"chain", "source, map, filter, map, sink in one chain",
     "records of 16 bytes; the filter passes a pseudo-random half",
     "<= 0.6 x a loop with one virtual call per record and operator; the same "
     "as one fused loop is printed too",
     defaults(40'000'000, 1, true), run_chain},
    {"exchange", "sources, an exchange by key, sinks",
     "2 sources x 2 sinks; records of 16 bytes with timestamp and hash; with "
     "--processes 2 in worker processes",
     "<= 2.0 x two threads over rings from one thread to one other; in "
     "processes <= 2.5 x two processes over raw TCP",
     in_processes(defaults(20'000'000, 2, true)), run_exchange},
    {"keyed-count",
     "counts the records of each key in a value_state, emits every count",
     "1 M keys, uniform; parallelism 2",
     "<= 1.0 x two threads with the same table, without prefetch",
     defaults(10'000'000, 2), run_keyed_count},
    {"window-count",
     "counts the records of each key in tumbling windows, emits the counts",
     "1 M keys, uniform; 100 windows; parallelism 2",
     "<= 1.5 x two threads with a table per window", defaults(20'000'000, 2),
     run_window_count},
    {"nexmark", "the queries of Nexmark, results counted with a checksum",
     "events built before the clock starts, each copied out of there with its "
     "texts; parallelism 2",
     "every query <= 3 x, their median <= 2 x one loop in one thread with the "
     "same tables; q12 goes by the clock and has none",
     defaults(10'000'000, 2), run_nexmark},
    {"memory",
     "a sink that is 100 times slower than the source; then the same with a "
     "flat_map that makes 1,000 records of one before it",
     "10 M records of 16 bytes; one exchange",
     "resident memory grows by at most 64 MiB after the first 2 s; the source "
     "is slowed down",
     defaults(10'000'000, 1), run_memory},
    {"latency", "how long a record takes through one exchange",
     "100,000 records a second, sent when they are due whatever happens, 10 s",
     "99 % within the buffer timeout + 5 ms of when they were due",
     defaults(1'000'000, 2), run_latency},
    {"scale",
     "CPU per record as keys, subtasks with their channels, and chained "
     "operators grow",
     "keyed-count with 10^5 keys up to --most-keys, then with 1 to 8 subtasks "
     "(1 to 64 channels); a chain of 1 to 64 maps",
     "no step without an explanation", defaults(10'000'000, 2), run_scale},
    {"calibrate",
     "absolute figures of this machine: one update of a keyed table, one copy "
     "of a record of 64 bytes",
     "1 M keys, uniform; 64 MiB of records", "none", defaults(10'000'000, 1),
     run_calibrate},
  };
  return benches;
}

} // namespace flow::bench
