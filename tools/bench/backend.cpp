#include "tools/bench/baseline/flat_map.hpp"

#include "libflow/api/keyed_stream.hpp"
#include "tools/bench/pairs.hpp"

namespace flow::bench {

namespace {

using event = record<16>;

/// Every how many-eth update of a key is emitted: enough to compare both sides,
/// too few to cost much.
constexpr std::uint64_t emitted_share = 8;

constexpr auto digest = [](const event& in, timestamp = 0) {
  return (in.key + 1) * in.value;
};

struct update_value {
  value_state<std::uint64_t> state;

  void open(keyed_runtime_context<std::uint64_t>& context) {
    state = context.state(value_state_descriptor<std::uint64_t>{"value", 0});
  }
  void process(const event& in, keyed_context<std::uint64_t>&,
               collector<event>& out) {
    const std::uint64_t value = state.value() + 1;
    state.set(value);
    if (value % emitted_share == 0)
      out.emit(event{in.key, value});
  }
};

/// One number of keys.
class experiment {
public:
  explicit experiment(const settings& wanted)
    : wanted_(wanted),
      tapes_(make_tapes<event>(
        {.length = wanted.records,
         .keys = wanted.keys,
         .most_bytes = wanted.records * sizeof(tape<event>::event)},
        wanted.parallelism)) {}

  expected<bench_report> run() {
    auto report = run_pairs({.bench = "backend",
                             .bar = 2.0,
                             .runtime = [this] { return run_runtime(); },
                             .baseline = [this] { return run_baseline(); }},
                            wanted_);
    if (!report)
      return report.error();
    report->variant = "memory, " + std::to_string(wanted_.keys) + " keys";
    report->extra = {{"different_keys", static_cast<double>(seen_)},
                     {"runtime_bytes_per_key", per_key(runtime_bytes_)},
                     {"baseline_bytes_per_key", per_key(baseline_bytes_)}};
    return report;
  }

private:
  expected<runtime_run> run_runtime() {
    shared_checksum total;
    auto env = make_environment(wanted_);
    env
      .from_source<event>(
        std::make_shared<tape_source<event>>(tapes_, wanted_.batch))
      .key_by(&event::key)
      .process<event>(update_value{})
      .sink_to(std::make_shared<checksum_sink<event, decltype(digest)>>(
        total, digest));
    auto counts = run_job(env, &runtime_bytes_);
    if (!counts)
      return counts.error();
    return runtime_run{total.total(), std::move(*counts)};
  }

  checksum run_baseline() {
    flat_map values;
    checksum result;
    for (const auto& each : tapes_)
      each.read(0, each.length(), [&](const event& in, timestamp) {
        const event own = in;
        std::uint64_t& value = values[own.key];
        if (++value % emitted_share == 0)
          result += {1, digest(event{own.key, value})};
      });
    baseline_bytes_ = values.bytes();
    seen_ = values.size();
    return result;
  }

  [[nodiscard]] double per_key(std::uint64_t bytes) const {
    return static_cast<double>(bytes)
           / static_cast<double>(std::max<std::uint64_t>(seen_, 1));
  }

  settings wanted_;
  std::vector<tape<event>> tapes_;
  std::uint64_t runtime_bytes_ = 0;
  std::uint64_t baseline_bytes_ = 0;
  std::uint64_t seen_ = 0; // different keys
};

} // namespace

expected<outcome> run_backend(const settings& asked) {
  const std::vector<std::uint64_t> all =
    asked.keys > 0 ? std::vector{asked.keys}
                   : std::vector<std::uint64_t>{1'000'000, 10'000'000};
  std::vector<bench_report> reports;
  for (const std::uint64_t keys : all) {
    settings wanted = asked;
    wanted.keys = keys;
    auto report = experiment{wanted}.run();
    if (!report)
      return report.error();
    reports.push_back(std::move(*report));
  }
  return print(reports);
}

} // namespace flow::bench
