#include "tools/bench/baseline/session.hpp"

#include "libflow/api/windowed_stream.hpp"
#include "tools/bench/pairs.hpp"

namespace flow::bench {

namespace {

using event = timed_event;

constexpr std::uint64_t events_per_ms = 100; // of a source
constexpr std::uint64_t rows_per_watermark = 10'000;
constexpr duration_ms gap{1000};

/// The further sources are apart, the more sessions a key has at once: both
/// sides keep them within 80 ms.
constexpr std::uint64_t most_ahead = 80 * events_per_ms;

expected<runtime_run> run_runtime(const std::vector<tape<event>>& tapes,
                                  const settings& wanted) {
  shared_checksum total;
  auto env = make_environment(wanted, rows_per_watermark);
  env
    .from_source<event>(std::make_shared<tape_source<event>>(
      tapes, wanted.batch,
      paced{std::make_shared<pace>(tapes.size(), most_ahead)}))
    .assign_timestamps_and_watermarks(monotonous_timestamps(&event::time))
    .key_by(&event::key)
    .window(session_event_time{gap})
    .aggregate<window_result>(count_events{}, emit_window_result{})
    .sink_to(std::make_shared<checksum_sink<window_result, window_digest>>(
      total, window_digest{}));
  auto counts = run_job(env);
  if (!counts)
    return counts.error();
  return runtime_run{total.total(), std::move(*counts)};
}

checksum run_baseline(const std::vector<tape<event>>& tapes) {
  std::vector<session_sink> sinks;
  for (std::size_t i = 0; i < tapes.size(); ++i)
    sinks.emplace_back(i, tapes.size(), gap.count());
  pace kept{tapes.size(), most_ahead};
  ring_exchange<event, session_sink>{tapes, sinks, &kept}.run();
  checksum result;
  for (auto& each : sinks)
    result += each.result();
  return result;
}

} // namespace

expected<outcome> run_session(const settings& wanted) {
  const auto tapes = make_tapes<event>({.length = wanted.records,
                                        .keys = wanted.keys,
                                        .per_span = events_per_ms,
                                        .most_bytes = tape_plan::large},
                                       wanted.parallelism);
  return run_contest({.bench = "session",
                      .bar = 3.0,
                      .runtime = [&] { return run_runtime(tapes, wanted); },
                      .baseline = [&] { return run_baseline(tapes); }},
                     wanted);
}

} // namespace flow::bench
