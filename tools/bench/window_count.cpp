#include "tools/bench/baseline/window_count.hpp"

#include "libflow/api/windowed_stream.hpp"
#include "tools/bench/pairs.hpp"
#include "tools/bench/window_records.hpp"

namespace flow::bench {

namespace {

using event = timed_event;

constexpr std::uint64_t windows = 100;
constexpr std::uint64_t events_per_ms = 100; // of a source
constexpr std::uint64_t rows_per_watermark = 10'000;

constexpr auto digest = window_digest{};

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
    .aggregate<window_result>(count_events{}, emit_window_result{})
    .sink_to(std::make_shared<checksum_sink<window_result, window_digest>>(
      total, digest));
  auto counts = run_job(env);
  if (!counts)
    return counts.error();
  return runtime_run{total.total(), std::move(*counts)};
}

checksum run_baseline(const std::vector<tape<event>>& tapes,
                      const settings& wanted) {
  using sink = window_sink<event, window_result, window_digest>;
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
                                        .per_span = events_per_ms,
                                        .most_bytes = tape_plan::large},
                                       wanted.parallelism);
  return run_contest({.bench = "window-count",
                      .bar = 1.5,
                      .runtime = [&] { return run_runtime(tapes, wanted); },
                      .baseline = [&] { return run_baseline(tapes, wanted); }},
                     wanted);
}

} // namespace flow::bench
