#include <thread>

#include "tools/bench/baseline/chain.hpp"
#include "tools/bench/pairs.hpp"
#include "tools/bench/record_sizes.hpp"

namespace flow::bench {

namespace {

/// The user's functions, the same on both sides.
constexpr auto scale = [](const auto& in) {
  auto out = in;
  out.value = in.value * 0x9E3779B97F4A7C15ULL + 1;
  return out;
};
constexpr auto keeps = [](const auto& in) { return (in.value >> 40 & 1) != 0; };
constexpr auto fold = [](const auto& in) {
  auto out = in;
  out.value = in.value ^ in.value >> 7;
  return out;
};
constexpr auto digest = [](const auto& in, timestamp time) {
  return in.value + in.key + static_cast<std::uint64_t>(time);
};

template <class Record>
expected<runtime_run> run_runtime(const std::vector<tape<Record>>& tapes,
                                  const settings& wanted) {
  shared_checksum total;
  auto env = make_environment(wanted);
  env
    .from_source<Record>(
      std::make_shared<tape_source<Record>>(tapes, wanted.batch))
    .map(scale)
    .filter(keeps)
    .map(fold)
    .sink_to(
      std::make_shared<checksum_sink<Record, decltype(digest)>>(total, digest));
  auto counts = run_job(env);
  if (!counts)
    return counts.error();
  return runtime_run{total.total(), std::move(*counts)};
}

/// Calls f(tape) for each tape in a thread of its own, or here if it is one.
template <class Record, class F>
checksum in_threads(const std::vector<tape<Record>>& tapes, F f) {
  checksum total;
  if (tapes.size() == 1)
    return f(tapes.front());
  std::vector<checksum> parts(tapes.size());
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < tapes.size(); ++i)
      threads.emplace_back([&, i] { parts[i] = f(tapes[i]); });
  }
  for (const auto& part : parts)
    total += part;
  return total;
}

template <class Record>
checksum run_baseline(const tape<Record>& input) {
  sum_stage<Record, decltype(digest)> sink{digest};
  map_stage<Record, decltype(fold)> second{fold, sink};
  filter_stage<Record, decltype(keeps)> filter{keeps, second};
  map_stage<Record, decltype(scale)> first{scale, filter};
  run_stages<Record>(input, first);
  return sink.result;
}

template <class Record>
expected<outcome> run_with(const settings& wanted) {
  const auto tapes = make_tapes<Record>(
    {.length = wanted.records, .keys = wanted.keys}, wanted.parallelism);
  auto baseline = [](const tape<Record>& input) { return run_baseline(input); };
  auto fused = [](const tape<Record>& input) {
    return run_fused(input, scale, keeps, fold, digest);
  };
  auto report =
    run_pairs({.bench = "chain",
               .bar = 0.6,
               .runtime = [&] { return run_runtime(tapes, wanted); },
               .baseline = [&] { return in_threads(tapes, baseline); }},
              wanted);
  if (!report)
    return report.error();
  checksum fused_result;
  const double fused_ns = cpu_per_record(
    wanted.records, [&] { fused_result = in_threads(tapes, fused); });
  report->checksums_equal &= fused_result == in_threads(tapes, baseline);
  report->extra = {{"fused_ns_per_record", fused_ns}};
  print(*report);
  return report->outcome();
}

} // namespace

expected<outcome> run_chain(const settings& wanted) {
  return with_record_size(
    wanted.bytes, [&]<class Record>() { return run_with<Record>(wanted); });
}

} // namespace flow::bench
