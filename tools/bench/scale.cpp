#include "libflow/api/keyed_stream.hpp"
#include "tools/bench/pairs.hpp"

namespace flow::bench {

namespace {

using event = record<16>;

constexpr auto product_of = [](const event& in, timestamp) {
  return in.key * in.value;
};

struct count_records {
  value_state<std::uint64_t> counts;

  void open(keyed_runtime_context<std::uint64_t>& context) {
    counts = context.state(value_state_descriptor<std::uint64_t>{"count", 0});
  }
  void process(const event& in, keyed_context<std::uint64_t>&,
               collector<event>& out) {
    const std::uint64_t count = counts.value() + 1;
    counts.set(count);
    out.emit(event{in.key, count});
  }
};

/// Builds a job on a source of events.
using composer = std::function<data_stream<event>(data_stream<event>)>;

/// Runs the job three times.
expected<bench_report> measure(const settings& wanted, const composer& compose,
                               std::string variant) {
  const auto tapes = make_tapes<event>({.length = wanted.records,
                                        .keys = wanted.keys,
                                        .most_bytes = tape_plan::large},
                                       wanted.parallelism);
  bench_report report;
  report.bench = "scale";
  report.variant = std::move(variant);
  report.config = wanted;
  std::optional<error> failure;
  report.runtime_ns = cpu_per_record(wanted.records, [&] {
    shared_checksum total;
    auto env = make_environment(wanted);
    compose(env.from_source<event>(
              std::make_shared<tape_source<event>>(tapes, wanted.batch)))
      .sink_to(std::make_shared<checksum_sink<event, decltype(product_of)>>(
        total, product_of));
    const auto counts = run_job(env);
    if (!counts)
      failure = counts.error();
    else
      report.messages = messages_of(*counts);
  });
  if (failure)
    return *failure;
  return report;
}

data_stream<event> keyed(const data_stream<event>& from) {
  return from.key_by(&event::key).process<event>(count_records{});
}

/// One figure after the other, each with its ratio to the one before.
class series {
public:
  expected<void> add(const settings& wanted, const composer& compose,
                     std::string variant) {
    auto report = measure(wanted, compose, std::move(variant));
    if (!report)
      return report.error();
    report->extra.emplace_back("ratio_to_step_before",
                               before_ > 0 ? report->runtime_ns / before_ : 1);
    before_ = report->runtime_ns;
    print(*report);
    return {};
  }

private:
  double before_ = 0;
};

expected<void> grow_keys(settings wanted) {
  series steps;
  // A key takes some 30 bytes of the machine's memory in table and tape.
  for (wanted.keys = 100'000; wanted.keys <= wanted.most_keys;
       wanted.keys *= 10) {
    wanted.records = std::max(wanted.records, wanted.keys * 2);
    if (auto done =
          steps.add(wanted, keyed, "keys " + std::to_string(wanted.keys));
        !done)
      return done;
  }
  return {};
}

/// p sources, each with a channel to each of p keyed subtasks: 1 to 64.
expected<void> grow_subtasks(settings wanted) {
  series steps;
  for (wanted.parallelism = 1; wanted.parallelism <= 8; wanted.parallelism *= 2)
    if (auto done = steps.add(wanted, keyed,
                              "subtasks " + std::to_string(wanted.parallelism));
        !done)
      return done;
  return {};
}

expected<void> grow_operators(settings wanted) {
  series steps;
  wanted.parallelism = 1;
  for (int operators = 1; operators <= 64; operators *= 2)
    if (auto done = steps.add(
          wanted,
          [operators](data_stream<event> stream) {
            for (int i = 0; i < operators; ++i)
              stream = stream.map([i](const event& in) {
                return event{in.key, in.value + static_cast<std::uint64_t>(i)};
              });
            return stream;
          },
          "operators " + std::to_string(operators));
        !done)
      return done;
  return {};
}

} // namespace

expected<outcome> run_scale(const settings& wanted) {
  for (const auto& grow : {grow_keys, grow_subtasks, grow_operators})
    if (auto done = grow(wanted); !done)
      return done.error();
  return outcome::measured;
}

} // namespace flow::bench
