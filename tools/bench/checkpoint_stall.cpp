#include <cmath>

#include "libflow/core/text.hpp"
#include "tools/bench/directed_job.hpp"
#include "tools/bench/pairs.hpp"

namespace flow::bench {

namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr int checkpoints = 50;
constexpr double allowed_p90_ms = 10;
constexpr double allowed_max_ms = 25;

/// Texts, of every tenth key 1 to 64 KiB, else 40 bytes; an update writes a new
/// one of the same size.
struct mixed_values {
  struct value {
    std::uint64_t changes = 0;
    text payload;
  };

  static constexpr std::uint64_t small_bytes = 40;
  static constexpr std::uint64_t least_large = std::uint64_t{1} << 10;
  static constexpr std::uint64_t most_large = std::uint64_t{64} << 10;
  static constexpr std::uint64_t mean_bytes =
    2 * sizeof(std::uint64_t) + small_bytes * 9 / 10
    + (least_large + most_large) / 2 / 10;

  static std::uint64_t size_of(std::uint64_t key) {
    const std::uint64_t random = random_numbers{key}.next();
    if (random % 10 != 0)
      return small_bytes;
    return least_large + (random >> 32) % (most_large - least_large + 1);
  }

  static value make(std::uint64_t key) { return {0, payload_of(key, 0)}; }
  static void change(value& of, std::uint64_t key, std::uint64_t) {
    ++of.changes;
    of.payload = payload_of(key, of.changes);
  }
  static std::uint64_t digest(std::uint64_t key, const value& of) {
    const bool whole = of.payload.view() == view_of(key, of.changes);
    return whole ? (key + 1) * (2 * of.changes + 1) : 0;
  }

private:
  /// Bytes that depend on key and number: a part of one long random text.
  static std::string_view view_of(std::uint64_t key, std::uint64_t number) {
    static const std::string random = [] {
      random_numbers from{7};
      std::string made(2 * most_large, '\0');
      for (char& each : made)
        each = static_cast<char>(from.next());
      return made;
    }();
    const std::uint64_t at = (key * 31 + number * 17) % most_large;
    return std::string_view{random}.substr(at, size_of(key));
  }
  static text payload_of(std::uint64_t key, std::uint64_t number) {
    return text{view_of(key, number)};
  }
};

struct window {
  nanoseconds begin{0};
  nanoseconds end{0};
};

/// In ms, of each window the longest gap that reaches into it; sorted.
std::vector<double> longest_gaps(const std::vector<gap>& gaps,
                                 const std::vector<window>& windows) {
  std::vector<double> result;
  for (const window& each : windows) {
    nanoseconds longest{gap_meter::least}; // shorter ones are not noted
    for (const gap& seen : gaps)
      if (seen.end > each.begin && seen.begin < each.end)
        longest = std::max(longest, seen.end - seen.begin);
    result.push_back(static_cast<double>(longest.count()) / 1e6);
  }
  std::sort(result.begin(), result.end());
  return result;
}

/// The smallest value that at least a share of the others does not exceed.
double quantile(const std::vector<double>& sorted, double share) {
  const auto rank = static_cast<std::size_t>(
    std::ceil(share * static_cast<double>(sorted.size())));
  return sorted[std::max<std::size_t>(rank, 1) - 1];
}

class experiment {
public:
  experiment(const settings& wanted, state_backend_kind backend)
    : wanted_(wanted), backend_(backend) {}

  expected<bench_report> run() {
    auto started =
      directed_job::start<mixed_values>(wanted_, backend_, wanted_.keys, true);
    if (!started)
      return started.error();
    job_ = std::move(*started);
    if (auto filled = job_->fill(); !filled)
      return filled.error();
    const machine_watch watch;
    const std::uint64_t before = job_->processed();
    const nanoseconds begin = now();
    job_->update(rate());
    if (auto done = measure(); !done)
      return done.error();
    const double seconds = std::chrono::duration<double>(now() - begin).count();
    const double speed =
      static_cast<double>(job_->processed() - before) / seconds;
    if (auto settled = job_->settle(); !settled)
      return settled.error();
    bench_report report = report_of();
    report.disturbed = watch.since();
    report.records_per_second = speed;
    if (speed < 0.95 * rate())
      report.defect = "the job did not keep up with its rate";
    auto kept = verify();
    if (!kept)
      return kept.error();
    report.checksums_equal = *kept;
    return report;
  }

private:
  /// Updates a second.
  [[nodiscard]] double rate() const {
    return static_cast<double>(wanted_.rate);
  }

  /// Windows without checkpoints, then with one each.
  expected<void> measure() {
    constexpr milliseconds pause{100};
    if (auto warm = job_->watch(5 * pause); !warm)
      return warm;
    for (int i = 0; i < checkpoints; ++i) {
      const nanoseconds begin = now();
      if (auto done = job_->watch(pause); !done)
        return done;
      quiet_.push_back({begin, now()});
    }
    for (int i = 0; i < checkpoints; ++i) {
      const nanoseconds begin = now();
      auto taken = job_->take_checkpoint();
      if (!taken)
        return taken.error();
      taken_.push_back({begin, begin + taken->duration});
      least_bytes_ = std::min(least_bytes_, taken->bytes());
      for (const auto& each : taken->subtasks)
        most_sync_ = std::max(most_sync_, each ? each->sync : most_sync_);
      if (auto done = job_->watch(pause); !done)
        return done;
    }
    gaps_ = job_->take_gaps();
    return {};
  }

  [[nodiscard]] bench_report report_of() const {
    std::uint64_t state = 0;
    for (std::uint64_t key = 0; key < wanted_.keys; ++key)
      state += mixed_values::size_of(key);
    const auto quiet = longest_gaps(gaps_, quiet_);
    const auto busy = longest_gaps(gaps_, taken_);
    bench_report report;
    report.bench = "checkpoint-stall";
    report.variant =
      backend_ == state_backend_kind::memory ? "memory" : "filesystem";
    report.config = wanted_;
    report.config.records = wanted_.keys;
    const double ratio = std::max(quantile(busy, 0.9) / allowed_p90_ms,
                                  busy.back() / allowed_max_ms);
    report.ratio = spread{ratio, ratio, ratio};
    report.bar = 1;
    double ms = 0;
    for (const window& each : taken_)
      ms += static_cast<double>((each.end - each.begin).count()) / 1e6;
    report.extra = {
      {"checkpoints", static_cast<double>(taken_.size())},
      {"stall_p50_ms", quantile(busy, 0.5)},
      {"stall_p90_ms", quantile(busy, 0.9)},
      {"stall_max_ms", busy.back()},
      {"without_p50_ms", quantile(quiet, 0.5)},
      {"without_p90_ms", quantile(quiet, 0.9)},
      {"without_max_ms", quiet.back()},
      {"sync_max_ms", static_cast<double>(most_sync_.count()) / 1e3},
      {"checkpoint_ms", ms / static_cast<double>(taken_.size())},
      {"state_bytes", static_cast<double>(state)},
      {"checkpoint_bytes", static_cast<double>(least_bytes_)}};
    if (least_bytes_ < state)
      report.defect = "a checkpoint holds less than the state";
    return report;
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
    return *before == *after && after->count == wanted_.keys
           && after->missing == 0;
  }

  settings wanted_;
  state_backend_kind backend_;
  std::unique_ptr<directed_job> job_;
  std::vector<window> quiet_; // without a checkpoint
  std::vector<window> taken_; // of a checkpoint, trigger to end
  std::vector<gap> gaps_;
  std::uint64_t least_bytes_ = ~std::uint64_t{0}; // of a checkpoint
  std::chrono::microseconds most_sync_{0};
};

} // namespace

expected<outcome> run_checkpoint_stall(const settings& asked) {
  settings wanted = asked;
  wanted.keys =
    std::max<std::uint64_t>(asked.state / mixed_values::mean_bytes, 100);
  std::vector<bench_report> reports;
  for (const auto backend : wanted.backends()) {
    auto report = experiment{wanted, backend}.run();
    if (!report)
      return report.error();
    reports.push_back(std::move(*report));
  }
  return print(reports);
}

} // namespace flow::bench
