#include "tools/bench/baseline/keyed_count.hpp"

#include "libflow/api/keyed_stream.hpp"
#include "tools/bench/pairs.hpp"

namespace flow::bench {

namespace {

using event = record<16>;

constexpr auto digest = [](const event& in, timestamp time) {
  return in.key * in.value + static_cast<std::uint64_t>(time);
};

/// Emits the count so far of the record's key.
struct count_records {
  std::optional<value_state<std::uint64_t>> state;

  void open(keyed_runtime_context<std::uint64_t>& context) {
    state = context.state(value_state_descriptor<std::uint64_t>{"count", 0});
  }
  void process(const event& in, keyed_context<std::uint64_t>&,
               collector<event>& out) {
    const std::uint64_t count = state->value() + 1;
    state->set(count);
    out.emit(event{in.key, count});
  }
};

expected<runtime_run> run_runtime(const std::vector<tape<event>>& tapes,
                                  const settings& wanted) {
  shared_checksum total;
  auto env = make_environment(wanted);
  env
    .from_source<event>(
      std::make_shared<tape_source<event>>(tapes, wanted.batch))
    .key_by(&event::key)
    .process<event>(count_records{})
    .sink_to(
      std::make_shared<checksum_sink<event, decltype(digest)>>(total, digest));
  auto counts = run_job(env);
  if (!counts)
    return counts.error();
  return runtime_run{total.total(), std::move(*counts)};
}

checksum run_baseline(const std::vector<tape<event>>& tapes) {
  using sink = count_sink<event, decltype(digest)>;
  std::vector<sink> sinks;
  for (std::size_t i = 0; i < tapes.size(); ++i)
    sinks.emplace_back(i, tapes.size(), digest);
  ring_exchange<event, sink>{tapes, sinks}.run();
  checksum result;
  for (const auto& each : sinks)
    result += each.result();
  return result;
}

} // namespace

expected<outcome> run_keyed_count(const settings& wanted) {
  const auto tapes = make_tapes<event>({.length = wanted.records,
                                        .keys = wanted.keys,
                                        .most_bytes = tape_plan::large},
                                       wanted.parallelism);
  return run_contest({.bench = "keyed-count",
                      .bar = 1.0,
                      .runtime = [&] { return run_runtime(tapes, wanted); },
                      .baseline = [&] { return run_baseline(tapes); }},
                     wanted);
}

} // namespace flow::bench
