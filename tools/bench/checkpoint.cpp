#include "libflow/state/segmented_table.hpp"
#include "tools/bench/baseline/table_writer.hpp"
#include "tools/bench/directed_job.hpp"
#include "tools/bench/pairs.hpp"

namespace flow::bench {

namespace {

constexpr double most_lost = 0.10; // of the throughput
/// Of a state of this size; less for less, so that a smaller one shows the
/// same share.
constexpr double full_state = std::uint64_t{1} << 30;
constexpr std::chrono::seconds full_interval{10};
constexpr std::chrono::milliseconds least_interval{200};
constexpr int throughput_pairs = 5;
/// Checkpoints under load, until so many in succession have found all the
/// memory that they take.
constexpr int most_warm_ups = 24;
constexpr int warm_at = 2;

/// Values of 56 bytes, 64 with their key.
struct small_values {
  struct value {
    std::uint64_t sum = 0;
    std::uint64_t changes = 0;
    std::uint64_t proof = 0; ///< of sum and changes
    std::array<std::uint64_t, 4> rest{};
  };
  static constexpr std::uint64_t entry_bytes =
    sizeof(std::uint64_t) + sizeof(value);

  static value make(std::uint64_t key) {
    value result{key, 0, 0, {key + 1, key + 2, key + 3, key + 4}};
    result.proof = proof_of(key, result);
    return result;
  }
  static void change(value& of, std::uint64_t key, std::uint64_t number) {
    of.sum += number;
    ++of.changes;
    of.proof = proof_of(key, of);
  }
  static std::uint64_t digest(std::uint64_t key, const value& of) {
    const bool whole = of.proof == proof_of(key, of) && of.rest[3] == key + 4;
    return whole ? of.proof | 1U : 0;
  }

private:
  static std::uint64_t proof_of(std::uint64_t key, const value& of) {
    return (key ^ of.sum * 0x9E3779B97F4A7C15ULL) + of.changes;
  }
};

using values_table = segmented_table<std::uint64_t, small_values::value>;

/// One backend under test: a job with its state, and the same in a table.
class experiment {
public:
  experiment(const settings& wanted, state_backend_kind backend)
    : wanted_(wanted), backend_(backend), keys_(wanted.records),
      table_(std::make_shared<segment_pool>()) {
    for (std::uint64_t key = 0; key < keys_; ++key)
      table_.upsert(key_hash(key), key) = small_values::make(key);
  }

  expected<std::vector<bench_report>> run() {
    auto started = directed_job::start<small_values>(wanted_, backend_, keys_);
    if (!started)
      return started.error();
    job_ = std::move(*started);
    if (auto filled = job_->fill(); !filled)
      return filled.error();
    auto cpu = compare_cpu();
    if (!cpu)
      return cpu.error();
    auto lost = compare_throughput();
    if (!lost)
      return lost.error();
    auto kept = verify();
    if (!kept)
      return kept.error();
    cpu->checksums_equal = lost->checksums_equal = *kept;
    return std::vector<bench_report>{std::move(*cpu), std::move(*lost)};
  }

private:
  [[nodiscard]] bool in_files() const {
    return backend_ == state_backend_kind::filesystem;
  }

  [[nodiscard]] bench_report report_of(const char* what) const {
    bench_report report;
    report.bench = "checkpoint";
    report.variant = std::string{in_files() ? "filesystem" : "memory"} + what;
    report.config = wanted_;
    report.bar = 1;
    return report;
  }

  void note(const checkpoint_report& taken, bench_report& report) const {
    const double bytes = static_cast<double>(taken.bytes());
    if (bytes < static_cast<double>(keys_ * small_values::entry_bytes))
      report.defect = "a checkpoint holds less than the state";
    std::chrono::microseconds sync{0};
    for (const auto& each : taken.subtasks)
      sync = std::max(sync, each ? each->sync : sync);
    report.extra = {
      {"state_bytes", static_cast<double>(keys_ * small_values::entry_bytes)},
      {"checkpoint_bytes", bytes},
      {"checkpoint_ms", static_cast<double>(taken.duration.count()) / 1e3},
      {"sync_ms", static_cast<double>(sync.count()) / 1e3}};
  }

  /// A checkpoint while nothing else happens, and the loop, in turns.
  expected<bench_report> compare_cpu() {
    bench_report report = report_of("");
    report.bar = 2;
    std::vector<double> ratios;
    std::vector<double> runtime;
    std::vector<double> baseline;
    // The first of each finds its memory unused.
    for (std::uint32_t i = 0; i <= wanted_.pairs; ++i) {
      const machine_watch watch;
      const auto begin = process_cpu();
      const auto taken = job_->take_checkpoint();
      if (!taken)
        return taken.error();
      const auto between = process_cpu();
      const std::uint64_t written =
        table_writer{in_files() ? folder_.path() + "/table" : "",
                     keys_ * small_values::entry_bytes}
          .write(table_);
      const auto end = process_cpu();
      note(*taken, report);
      if (written != keys_ * small_values::entry_bytes)
        report.defect = "the baseline wrote less than the table";
      if (i == 0)
        continue;
      const pair_figures cpu{per_key(between - begin), per_key(end - between)};
      report.pairs.push_back(cpu);
      ratios.push_back(cpu.runtime_ns / cpu.baseline_ns);
      runtime.push_back(cpu.runtime_ns);
      baseline.push_back(cpu.baseline_ns);
      report.disturbed.include(watch.since());
    }
    report.ratio = spread_of(ratios);
    report.runtime_ns = spread_of(runtime).median;
    report.baseline_ns = spread_of(baseline).median;
    return report;
  }

  [[nodiscard]] double per_key(nanoseconds time) const {
    return static_cast<double>(time.count()) / static_cast<double>(keys_);
  }

  [[nodiscard]] nanoseconds interval() const {
    const double share =
      static_cast<double>(keys_ * small_values::entry_bytes) / full_state;
    return std::max<nanoseconds>(
      least_interval,
      nanoseconds{static_cast<std::int64_t>(
        share * std::chrono::nanoseconds{full_interval}.count())});
  }

  /// Updates as fast as they go, one interval with a checkpoint between two
  /// without.
  expected<bench_report> compare_throughput() {
    bench_report report = report_of(", throughput lost");
    std::vector<double> lost;
    std::vector<double> speed;
    job_->update(0);
    const auto warm_ups = warm_up(report);
    if (!warm_ups)
      return warm_ups.error();
    const machine_watch watch;
    auto quiet = processed_in(interval(), report, false);
    if (!quiet)
      return quiet.error();
    for (int i = 0; i < throughput_pairs; ++i) {
      auto busy = processed_in(interval(), report, true);
      if (!busy)
        return busy.error();
      auto next = processed_in(interval(), report, false);
      if (!next)
        return next.error();
      // Both neighbours, as a machine's speed drifts.
      lost.push_back(1 - *busy / ((*quiet + *next) / 2));
      speed.push_back(*next);
      quiet = next;
    }
    report.disturbed = watch.since();
    if (auto settled = job_->settle(); !settled)
      return settled.error();
    const spread share = spread_of(lost);
    report.ratio = spread{share.median / most_lost, share.p5 / most_lost,
                          share.p95 / most_lost};
    report.records_per_second = spread_of(speed).median;
    report.extra.emplace_back("interval_ms",
                              static_cast<double>(interval().count()) / 1e6);
    report.extra.emplace_back("throughput_lost_percent", 100 * share.median);
    report.extra.emplace_back("warm_ups", *warm_ups);
    return report;
  }

  /// The first checkpoints under load find no memory for the segments that
  /// updates copy meanwhile, and fault it in: less in each, until there is
  /// enough for all segments.
  expected<int> warm_up(bench_report& report) {
    const std::uint64_t little = keys_ * small_values::entry_bytes / 256;
    int done = 0;
    for (int warm = 0; done < most_warm_ups && warm < warm_at; ++done) {
      const std::uint64_t before = current_rss();
      if (auto one = processed_in(interval() / 4, report, true); !one)
        return one.error();
      warm = current_rss() < before + little ? warm + 1 : 0;
    }
    return done;
  }

  /// Records a second.
  expected<double> processed_in(nanoseconds time, bench_report& report,
                                bool with_checkpoint) {
    const std::uint64_t before = job_->processed();
    const nanoseconds begin = now();
    if (with_checkpoint)
      job_->begin_checkpoint();
    if (auto watched = job_->watch(time); !watched)
      return watched.error();
    const double speed = static_cast<double>(job_->processed() - before)
                         / std::chrono::duration<double>(now() - begin).count();
    if (!with_checkpoint)
      return speed;
    auto taken = job_->end_checkpoint();
    if (!taken)
      return taken.error();
    note(*taken, report);
    if (taken->duration > interval())
      report.defect = "a checkpoint took longer than its interval";
    return speed;
  }

  /// Whether a restart from a last checkpoint finds all that there was.
  expected<bool> verify() {
    auto before = job_->check();
    if (!before)
      return before.error();
    if (auto taken = job_->take_checkpoint(); !taken)
      return taken.error();
    if (auto again = job_->restart(); !again)
      return again.error();
    auto after = job_->check();
    if (!after)
      return after.error();
    return *before == *after && after->count == keys_ && after->missing == 0;
  }

  settings wanted_;
  state_backend_kind backend_;
  std::uint64_t keys_;
  values_table table_;
  scratch_folder folder_;
  std::unique_ptr<directed_job> job_;
};

} // namespace

expected<outcome> run_checkpoint(const settings& asked) {
  settings wanted = asked;
  wanted.records = wanted.keys =
    std::max<std::uint64_t>(asked.state / small_values::entry_bytes, 1000);
  std::vector<bench_report> reports;
  for (const auto backend : wanted.backends()) {
    auto more = experiment{wanted, backend}.run();
    if (!more)
      return more.error();
    std::move(more->begin(), more->end(), std::back_inserter(reports));
  }
  return print(reports);
}

} // namespace flow::bench
