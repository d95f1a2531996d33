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

/// Records sent when they are due.
settings at_rate(std::uint64_t per_second, settings result) {
  result.rate = per_second;
  result.any_rate = true;
  return result;
}

settings of_keys(std::uint64_t keys, settings result) {
  result.keys = keys;
  return result;
}

settings of_state(std::uint64_t mebibytes, settings result) {
  result.state = mebibytes << 20;
  result.any_state = true;
  return result;
}

settings faults(std::uint32_t count, settings result) {
  result.pairs = count;
  return result;
}

/// Of a bench that also runs in worker processes.
settings in_processes(settings result) {
  result.any_processes = true;
  return result;
}

/// CPU per record of chains, exchanges and keys.
std::vector<description> record_benches() {
  return {
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
  };
}

/// Of windows and joins.
std::vector<description> window_benches() {
  return {
    {"window-count",
     "counts the records of each key in tumbling windows, emits the counts",
     "1 M keys, uniform; 100 windows; parallelism 2",
     "<= 1.5 x two threads with a table per window", defaults(20'000'000, 2),
     run_window_count},
    {"sliding",
     "counts the records of each key in windows of 1 h that slide by 60, by 10 "
     "and by 1 s, emits the counts; beside it tumbling windows of 1 h",
     "1,000 keys, uniform; 1 M events per slide; parallelism 2",
     "<= 1.15 x the tumbling windows, at every slide",
     of_keys(1'000, defaults(100'000'000, 2)), run_sliding},
    {"sliding --per row",
     "a count, then a maximum, of each key in windows of 1 h that slide by "
     "10 s; beside it tumbling windows of 1 h",
     "100 k keys, uniform; 10 events per key and slide; as many slides as the "
     "records fill, 400; parallelism 2",
     "CPU beyond that of the tumbling windows <= 150 ns for each row more, of "
     "the maximum <= 250 ns; state <= 40 bytes per live (key, slice)",
     of_keys(100'000, defaults(400'000'000, 2)), run_sliding_rows},
    {"session",
     "counts the records of each key in sessions that end after a gap of 1 s, "
     "emits the counts",
     "100 k keys, uniform; a source sends 100 events per ms of event time, so "
     "that at parallelism 2 a session holds some 7 of them; on both sides the "
     "sources keep within 80 ms of each other",
     "<= 3 x two threads with the same table and a queue of session ends",
     of_keys(100'000, defaults(10'000'000, 2)), run_session},
    {"interval-join",
     "joins records of two streams that have one key and are at most 500 ms "
     "apart, emits the pairs",
     "100 k keys, uniform; each source sends 50 events per ms of event time, "
     "so that at parallelism 2 a record has one partner on average",
     "<= 3 x two threads with the same table and two buffers a key",
     of_keys(100'000, defaults(10'000'000, 2)), run_interval_join},
  };
}

/// Queries, memory and time.
std::vector<description> other_benches() {
  return {
    {"nexmark", "the queries of Nexmark, results counted with a checksum",
     "events built before the clock starts, each copied out of there with its "
     "texts; parallelism 2; a checkpoint every 10 s with the filesystem "
     "backend",
     "every query <= 3 x, their median <= 2 x one loop in one thread with the "
     "same tables; q10 counts the rows that it would file, beside q0's loop; "
     "q12 goes by the clock and has none",
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
     at_rate(100'000, defaults(1'000'000, 2)), run_latency},
    {"latency --rate 1000000",
     "how long after the end of a window its counts come out: windows of 1 s "
     "that slide by 100 ms; watermarks and the buffer timeout 1 ms, a "
     "checkpoint every 10 s; the same at any --rate above 100,000",
     "1,000,000 records a second, sent when they are due whatever happens, "
     "60 s; 10 k keys, uniform",
     "99 % within 3 ms of the time at which the record was due that moved the "
     "watermark to the window's end, 99.9 % within 10 ms",
     at_rate(1'000'000, of_keys(10'000, defaults(60'000'000, 2))),
     run_window_latency},
  };
}

/// How costs grow, and what the machine does.
std::vector<description> machine_benches() {
  return {
    {"scale",
     "CPU per record as keys, subtasks with their channels, and chained "
     "operators grow",
     "keyed-count with 10^5 keys up to --most-keys, then with 1 to 8 subtasks "
     "(1 to 64 channels); a chain of 1 to 64 maps",
     "no step without an explanation", defaults(10'000'000, 2), run_scale},
    {"backend", "updates of keys through a value_state",
     "1 M and 10 M keys, uniform; parallelism 2",
     "CPU of an update <= 2 x the same updates on a bare hash map; bytes per "
     "key of both are printed",
     of_keys(0, defaults(20'000'000, 2)), run_backend},
    {"checkpoint",
     "checkpoints of a job that does nothing else, and updates as fast as they "
     "go with and without one every 10 s (less for a smaller state), once the "
     "memory for copied segments has been found",
     "state of --state bytes (1 GiB), 64 bytes a key; to memory and to files",
     "CPU of a checkpoint <= 2 x a loop that iterates, encodes, checksums and "
     "writes the same table; throughput lost <= 10 %",
     of_state(1024, defaults(0, 2)), run_checkpoint},
    {"checkpoint-stall",
     "50 checkpoints while updates come in when they are due whatever happens",
     "state of --state bytes (1 GiB), texts of 40 bytes and, of every tenth "
     "key, of 1 to 64 KiB; 100,000 updates a second",
     "longest time in which any subtask takes no batch between trigger and "
     "end: of 90 % of the checkpoints <= 10 ms, of all <= 25 ms",
     at_rate(100'000, of_state(1024, defaults(0, 2))), run_checkpoint_stall},
    {"recovery",
     "user code throws, or with --processes N a worker process is killed, "
     "--pairs times",
     "state of --state bytes (100 MiB), a checkpoint every second, restart "
     "after 0.2 s",
     "from the last record committed before the fault to the first after it, "
     "less the interval, 99 %: <= 1.5 s",
     in_processes(of_state(100, faults(20, defaults(0, 2)))), run_recovery},
    {"calibrate",
     "absolute figures of this machine: one update of a keyed table, one copy "
     "of a record of 64 bytes",
     "1 M keys, uniform; 64 MiB of records", "none", defaults(10'000'000, 1),
     run_calibrate},
  };
}

} // namespace

const std::vector<description>& all_benches() {
  static const std::vector<description> benches = [] {
    std::vector<description> all;
    for (const auto& part : {record_benches(), window_benches(),
                             other_benches(), machine_benches()})
      all.insert(all.end(), part.begin(), part.end());
    return all;
  }();
  return benches;
}

} // namespace flow::bench
