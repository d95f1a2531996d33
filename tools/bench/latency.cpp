#include <thread>

#include "tools/bench/open_loop.hpp"
#include "tools/bench/pairs.hpp"

namespace flow::bench {

namespace {

/// When it was due, in nanoseconds of the steady clock, and its number.
struct event {
  std::int64_t due = 0;
  std::uint64_t number = 0;
};

constexpr std::chrono::milliseconds allowed{5}; // beyond the buffer timeout

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
      : loop_(static_cast<double>(wanted.rate) / wanted.parallelism,
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
  std::jthread timer{[&] {
    noise = empty_loop(static_cast<double>(wanted.rate), wanted.records);
  }};
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
  report.records_per_second = static_cast<double>(wanted.rate);
  report.messages = messages_of(*counts);
  report.disturbed = watch.since();
  report.checksums_equal = total.total() == expected_result(wanted);
  report.defect =
    skipped_work(*counts, wanted.parallelism, expected_result(wanted).count);
  report.extra = {{"rate", static_cast<double>(wanted.rate)},
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
