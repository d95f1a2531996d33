#include "tools/bench/baseline/interval_join.hpp"

#include <algorithm>

#include "libflow/api/connected_streams.hpp"
#include "libflow/api/keyed_stream.hpp"
#include "tools/bench/pairs.hpp"

namespace flow::bench {

namespace {

using event = timed_event;

constexpr std::uint64_t events_per_ms = 50; // of a source
constexpr std::uint64_t rows_per_watermark = 10'000;
constexpr duration_ms bound{500};

/// What both streams read.
struct input {
  std::vector<tape<event>> left;
  std::vector<tape<event>> right;
};

auto read_stream(stream_environment& env, const std::vector<tape<event>>& from,
                 const settings& wanted, std::string name) {
  auto source = env.from_source<event>(
    std::make_shared<tape_source<event>>(from, wanted.batch));
  source.name(std::move(name));
  return source
    .assign_timestamps_and_watermarks(monotonous_timestamps(&event::time))
    .key_by(&event::key);
}

expected<runtime_run> run_runtime(const input& in, const settings& wanted) {
  shared_checksum total;
  auto env = make_environment(wanted, rows_per_watermark);
  read_stream(env, in.left, wanted, "left")
    .interval_join(read_stream(env, in.right, wanted, "right"))
    .between(-bound, bound)
    .process<window_result>([](const event& left, const event& right) {
      return window_result{
        left.key, static_cast<std::uint64_t>(3 * left.time + right.time)};
    })
    .sink_to(std::make_shared<checksum_sink<window_result, window_digest>>(
      total, window_digest{}));
  auto counts = run_job(env);
  if (!counts)
    return counts.error();
  // The sources see half of the records each.
  std::erase_if(*counts, [&](const vertex_counts& vertex) {
    return (vertex.name.starts_with("left") || vertex.name.starts_with("right"))
           && vertex.total() == wanted.records / 2;
  });
  return runtime_run{total.total(), std::move(*counts)};
}

checksum run_baseline(const input& in) {
  std::vector<two_tapes> tapes;
  std::vector<join_sink> sinks;
  for (std::size_t i = 0; i < in.left.size(); ++i) {
    tapes.push_back({in.left[i], in.right[i]});
    sinks.emplace_back(i, in.left.size(), bound.count());
  }
  ring_exchange<sided_event, join_sink, two_tapes>{tapes, sinks}.run();
  checksum result;
  for (auto& each : sinks)
    result += each.result();
  return result;
}

} // namespace

expected<outcome> run_interval_join(const settings& wanted) {
  settings used = wanted;
  used.records = std::max<std::uint64_t>(wanted.records / 2, 1) * 2;
  const tape_plan plan{.length = used.records / 2,
                       .keys = used.keys,
                       .per_span = events_per_ms,
                       .most_bytes = tape_plan::large};
  const input in{make_tapes<event>(plan, used.parallelism, 1),
                 make_tapes<event>(plan, used.parallelism, 1'000)};
  return run_contest({.bench = "interval-join",
                      .bar = 3.0,
                      .runtime = [&] { return run_runtime(in, used); },
                      .baseline = [&] { return run_baseline(in); }},
                     used);
}

} // namespace flow::bench
