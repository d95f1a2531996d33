#include "tools/bench/baseline/sliding.hpp"

#include <array>

#include "libflow/api/windowed_stream.hpp"
#include "tools/bench/pairs.hpp"

namespace flow::bench {

namespace {

using event = timed_event;

constexpr std::uint64_t rows_per_watermark = 10'000;
constexpr duration_ms window_size{3'600'000};

/// What no retraction can undo.
struct highest_value {
  using accumulator = std::uint64_t;
  static std::uint64_t value_of(const event& in) {
    return ((in.key + static_cast<std::uint64_t>(in.time))
              * 0x9E3779B97F4A7C15ULL
            >> 40)
           + 1;
  }
  void add(accumulator& highest, const event& in) const {
    highest = std::max(highest, value_of(in));
  }
  void merge(accumulator& highest, const accumulator& other) const {
    highest = std::max(highest, other);
  }
  std::uint64_t result(const accumulator& highest) const { return highest; }
};

/// Combines two results of an aggregate function.
template <class Function>
struct combine {
  std::uint64_t operator()(std::uint64_t a, std::uint64_t b) const {
    Function{}.merge(a, b);
    return a;
  }
};

/// Sliding windows of one slide beside tumbling ones, over the same input.
template <class Function>
class window_pair {
public:
  window_pair(const settings& wanted, duration_ms slide,
              std::uint64_t events_per_slide)
    : wanted_(wanted), slide_(slide),
      tapes_(make_tapes<event>(
        {.length = wanted.records,
         .keys = wanted.keys,
         .per_span =
           std::max<std::uint64_t>(events_per_slide / wanted.parallelism, 1),
         .span_ms = static_cast<std::uint64_t>(slide.count()),
         .most_bytes = tape_plan::large},
        wanted.parallelism)) {
    compute_results();
  }

  /// The tumbling windows are the baseline. Both are compared with a loop.
  expected<bench_report> measure(std::string_view bench, double bar) {
    return run_pairs(
      {.bench = bench,
       .bar = bar,
       .runtime =
         [&] {
           return run(sliding_event_time{window_size, slide_}, &most_state_);
         },
       .baseline =
         [&] {
           const auto other = run(tumbling_event_time{window_size}, nullptr);
           const bool right = other && other->result == tumbling_;
           return right ? sliding_ : checksum{};
         }},
      wanted_);
  }

  /// Results of the sliding windows beyond those of the tumbling ones.
  [[nodiscard]] std::uint64_t extra_rows() const {
    return sliding_.count - tumbling_.count;
  }
  [[nodiscard]] std::uint64_t most_state() const { return most_state_; }
  /// Keys with state, times the slices of theirs that are held at once.
  [[nodiscard]] std::uint64_t live_cells() const {
    const auto held = static_cast<std::uint64_t>(window_size / slide_) + 1;
    return wanted_.keys * std::min<std::uint64_t>(input_slices(), held);
  }

private:
  [[nodiscard]] std::uint64_t input_slices() const {
    timestamp last = 0;
    for (const auto& each : tapes_)
      each.read(each.length() - 1, each.length(),
                [&](const event&, timestamp at) { last = std::max(last, at); });
    return static_cast<std::uint64_t>(last / slide_.count() + 1);
  }

  void compute_results() {
    sliding_loop<combine<Function>> loop{
      wanted_.keys, input_slices(),
      static_cast<std::size_t>(window_size / slide_)};
    for (const auto& each : tapes_)
      each.read(0, each.length(), [&](const event& in, timestamp at) {
        Function{}.add(
          loop.cell(in.key, static_cast<std::size_t>(at / slide_.count())), in);
      });
    auto sum_up = [this](checksum& to) {
      return [this, &to](std::uint64_t key, std::size_t last_slice,
                         std::uint64_t value) {
        const timestamp end =
          static_cast<timestamp>(last_slice + 1) * slide_.count();
        to += {1, window_digest{}({key, value}, end - 1)};
      };
    };
    loop.for_each_window(sum_up(sliding_));
    loop.for_each_tumbling(sum_up(tumbling_));
  }

  template <class Windows>
  expected<runtime_run> run(Windows windows, std::uint64_t* most_state) {
    shared_checksum total;
    auto env = make_environment(wanted_, rows_per_watermark);
    env
      .from_source<event>(
        std::make_shared<tape_source<event>>(tapes_, wanted_.batch))
      .assign_timestamps_and_watermarks(monotonous_timestamps(&event::time))
      .key_by(&event::key)
      .window(windows)
      .template aggregate<window_result>(Function{}, emit_window_result{})
      .sink_to(std::make_shared<checksum_sink<window_result, window_digest>>(
        total, window_digest{}));
    auto counts = run_job(env, most_state);
    if (!counts)
      return counts.error();
    return runtime_run{total.total(), std::move(*counts)};
  }

  settings wanted_;
  duration_ms slide_;
  std::vector<tape<event>> tapes_;
  checksum sliding_; // as they should be
  checksum tumbling_;
  std::uint64_t most_state_ = 0;
};

/// CPU of a result beyond those of the tumbling windows, against its limit.
template <class Function>
expected<bench_report> measure_rows(const settings& wanted,
                                    std::string_view name, double limit_ns) {
  constexpr std::uint64_t events_per_key_and_slide = 10;
  constexpr double limit_bytes = 40;
  window_pair<Function> windows{wanted, duration_ms{10'000},
                                events_per_key_and_slide * wanted.keys};
  auto report = windows.measure("sliding", 1);
  if (!report)
    return report;
  const auto rows =
    static_cast<double>(std::max<std::uint64_t>(windows.extra_rows(), 1));
  std::vector<double> shares;
  for (const auto& each : report->pairs)
    shares.push_back((each.runtime_ns - each.baseline_ns)
                     * static_cast<double>(wanted.records) / rows / limit_ns);
  report->ratio = spread_of(shares);
  report->variant = std::string{"per row, "}.append(name);
  report->extra = {
    {"ns_per_row", report->ratio->median * limit_ns},
    {"bar_ns_per_row", limit_ns},
    {"extra_rows", rows},
    {"bytes_per_cell", static_cast<double>(windows.most_state())
                         / static_cast<double>(windows.live_cells())},
    {"bar_bytes_per_cell", limit_bytes}};
  return report;
}

} // namespace

expected<outcome> run_sliding(const settings& wanted) {
  constexpr std::uint64_t events_per_slide = 1'000'000;
  std::vector<bench_report> reports;
  for (const std::uint64_t seconds : {60, 10, 1}) {
    const duration_ms slide{seconds * 1000};
    window_pair<count_events> windows{wanted, slide, events_per_slide};
    auto report = windows.measure("sliding", 1.15);
    if (!report)
      return report.error();
    report->variant = "slide " + std::to_string(seconds) + " s";
    report->extra = {{"slide_ms", static_cast<double>(slide.count())},
                     {"extra_rows", static_cast<double>(windows.extra_rows())}};
    reports.push_back(std::move(*report));
  }
  return print(reports);
}

expected<outcome> run_sliding_rows(const settings& wanted) {
  auto additive = measure_rows<count_events>(wanted, "additive", 150);
  if (!additive)
    return additive.error();
  auto highest = measure_rows<highest_value>(wanted, "max", 250);
  if (!highest)
    return highest.error();
  return print({std::move(*additive), std::move(*highest)});
}

} // namespace flow::bench
