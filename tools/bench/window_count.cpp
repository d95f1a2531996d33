#include "tools/bench/baseline/window_count.hpp"

#include "libflow/api/windowed_stream.hpp"
#include "tools/bench/pairs.hpp"

namespace flow::bench {

namespace {

constexpr std::uint64_t windows = 100;
constexpr std::uint64_t events_per_ms = 100; // of a source
constexpr std::uint64_t rows_per_watermark = 10'000;

/// The time of a record is one of its fields, as it is in a job.
struct event {
  std::uint64_t key = 0;
  timestamp time = 0;
};

struct window_result {
  std::uint64_t key = 0;
  std::uint64_t count = 0;
};

constexpr auto digest = [](const window_result& in, timestamp time) {
  return in.key * in.count + static_cast<std::uint64_t>(time);
};

struct count_events {
  using accumulator = std::uint64_t;
  void add(accumulator& count, const event&) const { ++count; }
  std::uint64_t result(const accumulator& count) const { return count; }
};

/// Such that there are 100 windows, of whole milliseconds.
timestamp window_size(const settings& wanted) {
  const std::uint64_t per_source = wanted.records / wanted.parallelism;
  return static_cast<timestamp>(
    std::max<std::uint64_t>(per_source / windows / events_per_ms, 1));
}

expected<runtime_run> run_runtime(const std::vector<tape<event>>& tapes,
                                  const settings& wanted) {
  shared_checksum total;
  auto env = make_environment(wanted, rows_per_watermark);
  env
    .from_source<event>(
      std::make_shared<tape_source<event>>(tapes, wanted.batch))
    .assign_timestamps_and_watermarks(monotonous_timestamps(&event::time))
    .key_by(&event::key)
    .window(tumbling_event_time{duration_ms{window_size(wanted)}})
    .aggregate<window_result>(count_events{},
                              [](const window_context<std::uint64_t>& context,
                                 std::uint64_t count,
                                 collector<window_result>& out) {
                                out.emit(window_result{context.key(), count});
                              })
    .sink_to(std::make_shared<checksum_sink<window_result, decltype(digest)>>(
      total, digest));
  auto counts = run_job(env);
  if (!counts)
    return counts.error();
  return runtime_run{total.total(), std::move(*counts)};
}

checksum run_baseline(const std::vector<tape<event>>& tapes,
                      const settings& wanted) {
  using sink = window_sink<event, window_result, decltype(digest)>;
  std::vector<sink> sinks;
  for (std::size_t i = 0; i < tapes.size(); ++i)
    sinks.emplace_back(i, tapes.size(), window_size(wanted), digest);
  ring_exchange<event, sink>{tapes, sinks}.run();
  checksum result;
  for (auto& each : sinks)
    result += each.result();
  return result;
}

} // namespace

expected<outcome> run_window_count(const settings& wanted) {
  const auto tapes = make_tapes<event>({.length = wanted.records,
                                        .keys = wanted.keys,
                                        .per_ms = events_per_ms,
                                        .most_bytes = tape_plan::large},
                                       wanted.parallelism);
  return run_contest({.bench = "window-count",
                      .bar = 1.5,
                      .runtime = [&] { return run_runtime(tapes, wanted); },
                      .baseline = [&] { return run_baseline(tapes, wanted); }},
                     wanted);
}

} // namespace flow::bench
