#include <mutex>
#include <thread>

#include "tools/bench/pairs.hpp"

namespace flow::bench {

namespace {

using std::chrono::nanoseconds;

/// When it was due, in nanoseconds of the steady clock, and its number.
struct event {
  std::int64_t due = 0;
  std::uint64_t number = 0;
};

constexpr std::uint64_t rate = 100'000;         // per second, of all sources
constexpr std::chrono::milliseconds allowed{5}; // beyond the buffer timeout

/// Ticks at a fixed rate whether or not anybody keeps up. Does not know what is
/// done at a tick.
class open_loop {
public:
  open_loop(double per_second, std::uint64_t count)
    : period_(1e9 / per_second), count_(count) {}

  void start(nanoseconds at) { start_ = at; }

  /// Calls f(due time, number) for at most `most` ticks that are due.
  template <class F>
  void run(nanoseconds at, std::uint64_t most, F&& f) {
    for (; most > 0 && next_ < count_ && due() <= at; --most, ++next_)
      f(due(), next_);
  }
  [[nodiscard]] bool done() const { return next_ == count_; }
  [[nodiscard]] bool behind(nanoseconds at) const {
    return !done() && due() <= at;
  }

private:
  [[nodiscard]] nanoseconds due() const {
    return start_
           + nanoseconds{
             static_cast<std::int64_t>(static_cast<double>(next_) * period_)};
  }

  double period_; // in ns
  std::uint64_t count_;
  std::uint64_t next_ = 0;
  nanoseconds start_{0};
};

class timed_source final : public source<event> {
public:
  explicit timed_source(const settings& wanted) : wanted_(wanted) {}

  [[nodiscard]] std::string kind() const override { return "timer"; }
  [[nodiscard]] bool bounded() const override { return true; }
  [[nodiscard]] replay_guarantee replay() const override {
    return replay_guarantee::at_most_once;
  }
  [[nodiscard]] std::unique_ptr<source_reader<event>>
  make_reader() const override {
    return std::make_unique<reader>(wanted_);
  }

private:
  class reader final : public source_reader<event> {
  public:
    explicit reader(const settings& wanted)
      : loop_(static_cast<double>(rate) / wanted.parallelism,
              wanted.records / wanted.parallelism) {}

    expected<void> open(source_context&) override { return {}; }

    expected<poll_result> poll(record_batch<event>& out,
                               std::size_t room) override {
      const auto at = now();
      if (std::exchange(fresh_, false))
        loop_.start(at);
      loop_.run(at, room, [&](nanoseconds due, std::uint64_t number) {
        out.append(event{due.count(), number}, min_timestamp);
      });
      if (loop_.done())
        return poll_result{poll_status::finished, {}};
      if (loop_.behind(at))
        return poll_result{poll_status::more, {}};
      return poll_result{poll_status::waiting, std::chrono::milliseconds{1}};
    }

  private:
    open_loop loop_;
    bool fresh_ = true;
  };

  settings wanted_;
};

/// Latencies in nanoseconds. @thread any
class samples {
public:
  void add(std::vector<double>&& values) {
    const std::lock_guard guard{mutex_};
    all_.insert(all_.end(), values.begin(), values.end());
  }
  [[nodiscard]] std::vector<double> sorted() && {
    std::sort(all_.begin(), all_.end());
    return std::move(all_);
  }

private:
  std::mutex mutex_;
  std::vector<double> all_; // guarded by mutex_
};

class latency_sink final : public sink<event> {
public:
  latency_sink(samples& all, shared_checksum& total)
    : all_(&all), total_(&total) {}

  [[nodiscard]] std::string kind() const override { return "latency"; }
  [[nodiscard]] sink_guarantee guarantee() const override {
    return sink_guarantee::at_most_once;
  }
  [[nodiscard]] std::unique_ptr<sink_writer<event>>
  make_writer() const override {
    return std::make_unique<writer>(*all_, *total_);
  }

private:
  class writer final : public sink_writer<event> {
  public:
    writer(samples& all, shared_checksum& total) : all_(&all), total_(&total) {}

    expected<void> open(runtime_context&) override { return {}; }
    expected<void> write(std::span<const event> values,
                         std::span<const timestamp>) override {
      const auto at = now().count();
      for (const event& each : values) {
        own_.push_back(static_cast<double>(at - each.due));
        sum_ += {1, each.number};
      }
      return {};
    }
    void close() override {
      all_->add(std::move(own_));
      total_->add(std::exchange(sum_, {}));
    }

  private:
    samples* all_;
    shared_checksum* total_;
    std::vector<double> own_;
    checksum sum_;
  };

  samples* all_;           // not owned
  shared_checksum* total_; // not owned
};

/// The same rate with nothing behind it: what timer and scheduler cost.
std::vector<double> empty_loop(std::uint64_t count) {
  std::vector<double> late;
  late.reserve(count);
  open_loop loop{static_cast<double>(rate), count};
  loop.start(now());
  while (!loop.done()) {
    const auto at = now();
    loop.run(at, count, [&](nanoseconds due, std::uint64_t) {
      late.push_back(static_cast<double>((at - due).count()));
    });
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  std::sort(late.begin(), late.end());
  return late;
}

/// In microseconds. @pre not empty
double quantile_us(const std::vector<double>& sorted, double share) {
  const auto at =
    static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1));
  return sorted[at] / 1e3;
}

checksum expected_result(const settings& wanted) {
  const std::uint64_t each = wanted.records / wanted.parallelism;
  return {each * wanted.parallelism,
          each * (each - 1) / 2 * wanted.parallelism};
}

expected<bench_report> measure(const settings& wanted) {
  samples all;
  shared_checksum total;
  auto env = make_environment(wanted);
  env.from_source<event>(std::make_shared<timed_source>(wanted))
    .rebalance()
    .sink_to(std::make_shared<latency_sink>(all, total));
  const machine_watch watch;
  const auto cpu_before = process_cpu();
  std::vector<double> noise;
  std::jthread timer{[&] { noise = empty_loop(wanted.records); }};
  const auto counts = run_job(env);
  timer.join();
  if (!counts)
    return counts.error();
  const auto late = std::move(all).sorted();
  const auto bar_us = std::chrono::duration<double, std::micro>(
                        env.options().buffer_timeout + allowed)
                        .count();
  bench_report report;
  report.bench = "latency";
  report.config = wanted;
  report.bar = 1;
  const double ratio = quantile_us(late, 0.99) / bar_us;
  report.ratio = spread{ratio, ratio, ratio};
  report.runtime_ns = static_cast<double>((process_cpu() - cpu_before).count())
                      / static_cast<double>(wanted.records);
  report.records_per_second = static_cast<double>(rate);
  report.messages = messages_of(*counts);
  report.disturbed = watch.since();
  report.checksums_equal = total.total() == expected_result(wanted);
  report.defect =
    skipped_work(*counts, wanted.parallelism, expected_result(wanted).count);
  report.extra = {{"rate", static_cast<double>(rate)},
                  {"bar_p99_us", bar_us},
                  {"p50_us", quantile_us(late, 0.5)},
                  {"p90_us", quantile_us(late, 0.9)},
                  {"p99_us", quantile_us(late, 0.99)},
                  {"p999_us", quantile_us(late, 0.999)},
                  {"max_us", quantile_us(late, 1)},
                  {"noise_p99_us", quantile_us(noise, 0.99)}};
  return report;
}

} // namespace

expected<outcome> run_latency(const settings& wanted) {
  if (wanted.records < wanted.parallelism)
    return error{error_code::invalid_argument,
                 "--records: latency needs at least one for each subtask"};
  auto report = measure(wanted);
  for (int i = 0; i < repetitions && report && report->disturbed.too_much();
       ++i)
    report = measure(wanted);
  if (!report)
    return report.error();
  print(*report);
  return report->outcome();
}

} // namespace flow::bench
