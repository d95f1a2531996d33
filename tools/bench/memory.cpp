#include <atomic>
#include <thread>

#include "tools/bench/pairs.hpp"

namespace flow::bench {

namespace {

using event = record<16>;

constexpr double limit_bytes = 64.0 * 1024 * 1024;
constexpr double slower = 100;
constexpr std::uint64_t expansion = 1000;
/// Up to here the buffers between source and sink fill.
constexpr std::chrono::seconds settled{2};
/// Long enough for the growth to show, short enough to wait for.
constexpr double fastest_sink = 1.25e6; // records per second
constexpr std::chrono::seconds longest{40};

constexpr auto digest = [](const event& in, timestamp time) {
  return in.value + in.key + static_cast<std::uint64_t>(time);
};

/// Writes `rate` records per second and subtask, on a thread of its own.
class slow_sink final : public sink<event> {
public:
  slow_sink(shared_checksum& total, std::atomic<std::uint64_t>& written,
            double rate)
    : total_(&total), written_(&written), rate_(rate) {}

  [[nodiscard]] std::string kind() const override { return "slow"; }
  [[nodiscard]] sink_guarantee guarantee() const override {
    return sink_guarantee::at_most_once;
  }
  [[nodiscard]] bool blocking() const override { return true; }
  [[nodiscard]] std::unique_ptr<sink_writer<event>>
  make_writer() const override {
    return std::make_unique<writer>(*this);
  }

private:
  class writer final : public sink_writer<event> {
  public:
    explicit writer(const slow_sink& owner) : owner_(&owner) {}

    expected<void> open(runtime_context&) override {
      next_ = std::chrono::steady_clock::now();
      return {};
    }
    expected<void> write(std::span<const event> values,
                         std::span<const timestamp> stamps) override {
      for (std::size_t i = 0; i < values.size(); ++i)
        own_ += {1, digest(values[i], stamps[i])};
      owner_->written_->fetch_add(values.size(), std::memory_order_relaxed);
      if (owner_->rate_ > 0) {
        next_ += std::chrono::nanoseconds{static_cast<std::int64_t>(
          static_cast<double>(values.size()) / owner_->rate_ * 1e9)};
        std::this_thread::sleep_until(next_);
      }
      return {};
    }
    void close() override { owner_->total_->add(std::exchange(own_, {})); }

  private:
    const slow_sink* owner_;
    std::chrono::steady_clock::time_point next_;
    checksum own_;
  };

  shared_checksum* total_;              // not owned
  std::atomic<std::uint64_t>* written_; // not owned
  double rate_;
};

/// What was seen while a job ran.
struct observed {
  checksum result;
  std::vector<vertex_counts> counts;
  double seconds = 0;
  double rss_growth = 0;  ///< bytes, after the buffers have filled
  double source_done = 0; ///< share of the run at which the source was through
};

/// One of the two jobs: with a flat_map in front of the sink or without.
class experiment {
public:
  experiment(const settings& wanted, bool expanding)
    : wanted_(wanted), factor_(expanding ? expansion : 1),
      tapes_(make_tapes<event>({.length = std::max<std::uint64_t>(
                                  wanted.records / factor_, wanted.parallelism),
                                .keys = wanted.keys},
                               wanted.parallelism)) {}

  [[nodiscard]] std::uint64_t source_records() const {
    std::uint64_t result = 0;
    for (const auto& each : tapes_)
      result += each.length();
    return result;
  }
  [[nodiscard]] std::uint64_t records() const {
    return source_records() * factor_;
  }

  [[nodiscard]] checksum expected_result() const {
    checksum result;
    for (const auto& each : tapes_)
      each.read(0, each.length(), [&](const event& in, timestamp time) {
        result += {factor_, factor_ * digest(in, time)};
      });
    return result;
  }

  /// @param rate  records per second of the sink; 0: as fast as it can
  expected<observed> run(double rate) {
    shared_checksum total;
    std::atomic<std::uint64_t> written{0};
    auto env = make_environment(wanted_);
    auto stream = env.from_source<event>(
      std::make_shared<tape_source<event>>(tapes_, wanted_.batch));
    if (factor_ > 1)
      stream = stream.flat_map([](const event& in, collector<event>& out) {
        for (std::uint64_t i = 0; i < expansion; ++i)
          out.emit(in);
      });
    stream.rebalance().sink_to(
      std::make_shared<slow_sink>(total, written, rate / wanted_.parallelism));
    auto job = env.execute_async();
    if (!job)
      return job.error();
    observed seen;
    if (auto watched = watch(**job, rate, seen); !watched)
      return watched.error();
    seen.result = total.total();
    return seen;
  }

private:
  expected<void> watch(running_job& job, double rate, observed& seen) const {
    constexpr std::chrono::milliseconds tick{20};
    const auto begin = now();
    // A run that is shorter has its buffers full halfway.
    auto full_after = std::chrono::nanoseconds{settled};
    if (rate > 0)
      full_after = std::min(
        full_after, std::chrono::nanoseconds{static_cast<std::int64_t>(
                      static_cast<double>(records()) / rate / 2 * 1e9)});
    double full = 0;
    double source_done = 0;
    for (;;) {
      const auto result = job.wait(tick);
      const auto since = now() - begin;
      const auto rss = static_cast<double>(current_rss());
      seen.seconds = std::chrono::duration<double>(since).count();
      if (result) {
        seen.source_done = source_done > 0 ? source_done / seen.seconds : 1;
        seen.counts = read_counts(job.metrics());
        if (result->cause)
          return *result->cause;
        return {};
      }
      if (source_done == 0 && job.progress().records_in >= source_records())
        source_done = seen.seconds;
      if (since < full_after)
        full = rss;
      else
        seen.rss_growth = std::max(seen.rss_growth, rss - full);
    }
  }

  settings wanted_;
  std::uint64_t factor_;
  std::vector<tape<event>> tapes_;
};

std::string defect_of(const experiment& tried, const observed& seen,
                      const settings& wanted) {
  if (seen.result.count < tried.records())
    return "the sink saw " + std::to_string(seen.result.count) + " of "
           + std::to_string(tried.records()) + " records";
  // Buffers hold a million at most; a short run fits into them.
  constexpr std::uint64_t buffered = 2'000'000;
  if (wanted.records >= buffered && seen.source_done < 0.5)
    return "the source was not slowed down";
  return skipped_work(seen.counts, wanted.parallelism, tried.source_records());
}

expected<bench_report> measure(const settings& wanted, bool expanding,
                               double source_rate) {
  experiment tried{wanted, expanding};
  const double slow = std::min(source_rate / slower, fastest_sink);
  const double rate =
    std::max(slow, static_cast<double>(tried.records())
                     / std::chrono::duration<double>(longest).count());
  const auto cpu_before = process_cpu();
  const machine_watch watch;
  const auto seen = tried.run(rate);
  if (!seen)
    return seen.error();
  bench_report report;
  report.bench = "memory";
  report.variant = expanding ? "flat_map x 1000" : "direct";
  report.config = wanted;
  const double growth = seen->rss_growth / limit_bytes;
  report.ratio = spread{growth, growth, growth};
  report.bar = 1;
  report.runtime_ns = static_cast<double>((process_cpu() - cpu_before).count())
                      / static_cast<double>(tried.records());
  report.records_per_second =
    static_cast<double>(tried.records()) / seen->seconds;
  report.messages = messages_of(seen->counts);
  report.checksums_equal = seen->result == tried.expected_result();
  report.defect = defect_of(tried, *seen, wanted);
  report.disturbed.steal = watch.since().steal;
  report.extra = {{"rss_growth_bytes", seen->rss_growth},
                  {"rss_growth_limit_bytes", limit_bytes},
                  {"source_free_records_per_second", source_rate},
                  {"sink_records_per_second", rate},
                  {"sink_slower_by", source_rate / rate},
                  {"source_done_at_share_of_run", seen->source_done}};
  return report;
}

} // namespace

expected<outcome> run_memory(const settings& wanted) {
  experiment freely{wanted, false};
  const auto free_run = freely.run(0);
  if (!free_run)
    return free_run.error();
  const double source_rate =
    static_cast<double>(freely.records()) / free_run->seconds;
  std::vector<bench_report> reports;
  for (const bool expanding : {false, true}) {
    auto report = measure(wanted, expanding, source_rate);
    if (!report)
      return report.error();
    reports.push_back(std::move(*report));
  }
  return print(reports);
}

} // namespace flow::bench
