#include <thread>

#include "libflow/api/windowed_stream.hpp"
#include "tools/bench/open_loop.hpp"
#include "tools/bench/pairs.hpp"
#include "tools/bench/window_records.hpp"

namespace flow::bench {

namespace {

using event = timed_event;

constexpr duration_ms window_size{1000};
constexpr duration_ms slide{100};
constexpr double bar_p99_us = 3'000;
constexpr double bar_p999_us = 10'000;

/// One schedule for all sources: event time is the time since its start.
struct schedule {
  nanoseconds start{0};
  double per_second = 0;  // of each source
  std::uint64_t each = 0; // records of each source

  [[nodiscard]] timestamp event_time(nanoseconds due) const {
    return static_cast<timestamp>((due - start).count() / 1'000'000);
  }
  [[nodiscard]] nanoseconds due(timestamp at) const {
    return start + std::chrono::milliseconds{at};
  }
  /// Every window that ends before is fired by a record, not by the end.
  [[nodiscard]] timestamp last_time() const {
    return static_cast<timestamp>(static_cast<double>(each) * 1000 / per_second)
           - 1;
  }
};

class scheduled_source final : public source<event> {
public:
  scheduled_source(const schedule& plan, std::uint64_t keys)
    : plan_(plan), keys_(keys) {}

  [[nodiscard]] std::string kind() const override { return "schedule"; }
  [[nodiscard]] bool bounded() const override { return true; }
  [[nodiscard]] replay_guarantee replay() const override {
    return replay_guarantee::at_most_once;
  }
  [[nodiscard]] std::unique_ptr<source_reader<event>>
  make_reader() const override {
    return std::make_unique<reader>(plan_, keys_);
  }

private:
  class reader final : public source_reader<event> {
  public:
    reader(const schedule& plan, std::uint64_t keys)
      : plan_(plan), keys_(keys), loop_(plan.per_second, plan.each) {
      loop_.start(plan.start);
    }

    expected<void> open(source_context& context) override {
      random_.emplace(context.subtask_index() + 1);
      return {};
    }

    expected<poll_result> poll(record_batch<event>& out,
                               std::size_t room) override {
      const auto at = now();
      loop_.run(at, room, [&](nanoseconds due, std::uint64_t) {
        const std::uint64_t key = (random_->next() >> 32) * keys_ >> 32;
        out.append(event{key, plan_.event_time(due)}, min_timestamp);
      });
      if (loop_.done())
        return poll_result{poll_status::finished, {}};
      if (loop_.behind(at))
        return poll_result{poll_status::more, {}};
      return poll_result{poll_status::waiting, std::chrono::milliseconds{1}};
    }

    void stop() override { loop_.stop(); }

  private:
    schedule plan_;
    std::uint64_t keys_;
    open_loop loop_;
    std::optional<random_numbers> random_;
  };

  schedule plan_;
  std::uint64_t keys_;
};

/// Notes how long after its window's end a result is there.
class window_latency_sink final : public sink<window_result> {
public:
  window_latency_sink(const schedule& plan, samples& all,
                      shared_checksum& total)
    : plan_(plan), all_(&all), total_(&total) {}

  [[nodiscard]] std::string kind() const override { return "latency"; }
  [[nodiscard]] sink_guarantee guarantee() const override {
    return sink_guarantee::at_most_once;
  }
  [[nodiscard]] std::unique_ptr<sink_writer<window_result>>
  make_writer() const override {
    return std::make_unique<writer>(plan_, *all_, *total_);
  }

private:
  class writer final : public sink_writer<window_result> {
  public:
    writer(const schedule& plan, samples& all, shared_checksum& total)
      : plan_(plan), all_(&all), total_(&total) {}

    expected<void> open(runtime_context&) override { return {}; }
    expected<void> write(std::span<const window_result> values,
                         std::span<const timestamp> stamps) override {
      const auto at = now();
      for (std::size_t i = 0; i < values.size(); ++i) {
        sum_ += {0, values[i].value};
        const timestamp end = stamps[i] + 1;
        if (end <= plan_.last_time())
          own_.push_back(static_cast<double>((at - plan_.due(end)).count()));
      }
      return {};
    }
    void close() override {
      all_->add(std::move(own_));
      total_->add(std::exchange(sum_, {}));
    }

  private:
    schedule plan_;
    samples* all_;
    shared_checksum* total_;
    std::vector<double> own_;
    checksum sum_;
  };

  schedule plan_;
  samples* all_;           // not owned
  shared_checksum* total_; // not owned
};

schedule schedule_of(const settings& wanted) {
  // Far enough ahead for the job to run when it begins.
  return {now() + std::chrono::milliseconds{500},
          static_cast<double>(wanted.rate) / wanted.parallelism,
          wanted.records / wanted.parallelism};
}

expected<std::vector<vertex_counts>> count_windows(const settings& wanted,
                                                   const schedule& plan,
                                                   samples& all,
                                                   shared_checksum& total) {
  auto options = make_options(wanted);
  options.auto_watermark_interval = duration_ms{1};
  options.buffer_timeout = duration_ms{1};
  options.checkpoints.interval = duration_ms{10'000};
  stream_environment env{std::move(options)};
  env.from_source<event>(std::make_shared<scheduled_source>(plan, wanted.keys))
    .assign_timestamps_and_watermarks(monotonous_timestamps(&event::time))
    .key_by(&event::key)
    .window(sliding_event_time{window_size, slide})
    .aggregate<window_result>(count_events{}, emit_window_result{})
    .uid("windows")
    .sink_to(std::make_shared<window_latency_sink>(plan, all, total));
  return run_job(env);
}

bench_report report_of(const settings& wanted, const std::vector<double>& late,
                       const std::vector<double>& noise) {
  bench_report report;
  report.bench = "latency";
  report.variant = "windows";
  report.config = wanted;
  report.bar = 1;
  const double ratio = std::max(quantile_us(late, 0.99) / bar_p99_us,
                                quantile_us(late, 0.999) / bar_p999_us);
  report.ratio = spread{ratio, ratio, ratio};
  report.extra = {{"rate", static_cast<double>(wanted.rate)},
                  {"results", static_cast<double>(late.size())},
                  {"bar_p99_us", bar_p99_us},
                  {"bar_p999_us", bar_p999_us},
                  {"p50_us", quantile_us(late, 0.5)},
                  {"p90_us", quantile_us(late, 0.9)},
                  {"p99_us", quantile_us(late, 0.99)},
                  {"p999_us", quantile_us(late, 0.999)},
                  {"max_us", quantile_us(late, 1)},
                  {"noise_p99_us", quantile_us(noise, 0.99)}};
  return report;
}

/// Every record is counted in each window that holds it.
checksum expected_result(const schedule& plan, std::uint32_t sources) {
  return {0, plan.each * sources
               * static_cast<std::uint64_t>(window_size / slide)};
}

expected<bench_report> measure(const settings& wanted) {
  samples all;
  shared_checksum total;
  const machine_watch watch;
  const auto cpu_before = process_cpu();
  const schedule plan = schedule_of(wanted);
  std::vector<double> noise;
  std::jthread timer{[&] {
    // A loop that ticks more often than it sleeps would fill the memory.
    const std::uint64_t rate = std::min(wanted.rate, highest_exchange_rate);
    noise = empty_loop(
      static_cast<double>(rate),
      std::max<std::uint64_t>(wanted.records * rate / wanted.rate, 1));
  }};
  const auto counts = count_windows(wanted, plan, all, total);
  timer.join();
  if (!counts)
    return counts.error();
  const auto late = std::move(all).sorted();
  if (late.empty())
    return error{error_code::invalid_argument,
                 "--records: latency needs some for two slides at least"};
  auto report = report_of(wanted, late, noise);
  report.runtime_ns = static_cast<double>((process_cpu() - cpu_before).count())
                      / static_cast<double>(wanted.records);
  report.records_per_second = static_cast<double>(wanted.rate);
  report.messages = messages_of(*counts);
  report.disturbed = watch.since();
  report.checksums_equal =
    total.total() == expected_result(plan, wanted.parallelism);
  report.defect =
    skipped_work(*counts, wanted.parallelism, plan.each * wanted.parallelism);
  return report;
}

} // namespace

expected<outcome> run_window_latency(const settings& wanted) {
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
