#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "actors/subtask/task.hpp"
#include "libflow/flow.hpp"

namespace flow {

/// Where a task under test sends: queues instead of actors.
class fake_surroundings final : public task_surroundings {
public:
  struct sent_element {
    std::size_t port = 0;
    std::size_t channel = 0;
    std::uint64_t sequence = 0;
    stream_element element;
  };

  void send(std::size_t port, std::size_t channel, std::uint64_t sequence,
            stream_element&& element) override {
    sent.push_back({port, channel, sequence, std::move(element)});
  }
  void grant(std::size_t channel, std::uint32_t credits) override {
    granted[channel] += credits;
  }
  void request_split() override { ++split_requests; }
  void watermark_reached(timestamp mark) override { reported.push_back(mark); }
  std::function<void()> waker() override {
    return [this] { ++wakes; };
  }

  [[nodiscard]] std::size_t batches(std::size_t port,
                                    std::size_t channel) const {
    return static_cast<std::size_t>(
      std::count_if(sent.begin(), sent.end(), [&](const sent_element& each) {
        return each.port == port && each.channel == channel
               && each.element.is_data();
      }));
  }

  std::vector<sent_element> sent;
  std::map<std::size_t, std::uint32_t> granted; // by input channel
  std::vector<timestamp> reported;              // of aligned sources
  int split_requests = 0;
  int wakes = 0;
};

/// One task of a job that was composed with the API, driven by hand.
class task_harness {
public:
  using step = step_result::next_step;

  /// @param operator_name one of the operators of the wanted vertex
  task_harness(const stream_environment& env, const std::string& operator_name,
               std::uint32_t index = 0, const task_settings& settings = {})
    : settings_(settings), place_(place_of(env, operator_name, index)) {}

  task& get() {
    if (!task_)
      task_.emplace(place_, settings_, around, time, metrics);
    return *task_;
  }

  void open() { REQUIRE(get().open()); }

  /// Gives every output channel its window.
  void grant_all() {
    for (std::size_t port = 0; port < place_.vertex().outputs.size(); ++port)
      grant_port(port, limits::channel_window_credits);
  }
  void grant_port(std::size_t port, std::uint32_t credits) {
    for (std::size_t c = 0; c < channels_of(port); ++c)
      REQUIRE(get().on_credit(port, c, credits));
  }

  [[nodiscard]] std::size_t channels_of(std::size_t port) const {
    return place_.graph->outputs_of(place_.id, place_.vertex().outputs[port])
      .size();
  }

  /// Opens with all credit there is.
  void start() {
    open();
    grant_all();
  }

  void feed(std::size_t channel, stream_element element) {
    REQUIRE(get().enqueue(channel, sequences_[channel]++, std::move(element)));
  }

  template <class T>
  void feed(std::size_t channel, const std::vector<T>& values,
            timestamp mark = min_timestamp, timestamp stamp = 0) {
    auto batch = record_batch<T>::make();
    for (const T& value : values)
      batch->append(value, stamp);
    feed(channel, stream_element::of_data(batch_ptr{std::move(batch)}, mark));
  }

  /// Steps until the task waits, has ended or failed.
  step_result run(int at_most = 100'000) {
    step_result result;
    for (int i = 0; i < at_most; ++i) {
      result = get().step();
      if (result.next != step::again)
        return result;
    }
    FAIL("the task does not come to rest");
    return result;
  }

  /// Runs; gives back credit for everything sent until nothing more comes.
  step_result run_to_rest() {
    for (;;) {
      const std::size_t before = around.sent.size();
      const step_result result = run();
      for (std::size_t i = before; i < around.sent.size(); ++i)
        if (around.sent[i].element.is_data())
          REQUIRE(
            get().on_credit(around.sent[i].port, around.sent[i].channel, 1));
      if (result.next != step::wait || around.sent.size() == before)
        return result;
    }
  }

  /// Values sent so far, of one channel or of all.
  template <class T>
  std::vector<T> values(std::size_t port = 0,
                        std::optional<std::size_t> channel = {}) const {
    std::vector<T> result;
    for (const auto& each : around.sent) {
      if (each.port != port || (channel && each.channel != *channel)
          || !each.element.is_data())
        continue;
      batch_ptr shared = each.element.batch();
      const auto batch = typed<T>(std::move(shared));
      const auto found = std::as_const(*batch).values();
      result.insert(result.end(), found.begin(), found.end());
    }
    return result;
  }

  /// Records and watermarks of one channel as text, whatever the batches:
  /// "1 2 |5 3 " for the watermark 5 after 1 and 2.
  std::string story(std::size_t port, std::size_t channel) const {
    std::string result;
    auto mark = [&](timestamp at) {
      result += at == max_timestamp ? "|max " : "|" + std::to_string(at) + " ";
    };
    for (const auto& each : around.sent) {
      if (each.port != port || each.channel != channel)
        continue;
      switch (each.element.kind()) {
      case element_kind::data: {
        batch_ptr shared = each.element.batch();
        const auto batch = typed<std::int64_t>(std::move(shared));
        for (const auto value : std::as_const(*batch).values())
          result += std::to_string(value) + " ";
        if (each.element.watermark() != min_timestamp)
          mark(each.element.watermark());
        break;
      }
      case element_kind::watermark:
        mark(each.element.watermark());
        break;
      case element_kind::status:
        result +=
          each.element.status() == stream_status::idle ? "idle " : "active ";
        break;
      case element_kind::end_of_data:
        result +=
          each.element.ended() == end_mode::drained ? "drained " : "stopped ";
        break;
      case element_kind::end_of_partition:
        result += "end ";
        break;
      case element_kind::barrier:
      case element_kind::barrier_cancelled:
      case element_kind::latency_marker:
        break;
      }
    }
    return result;
  }

  [[nodiscard]] const task_place& place() const { return place_; }

  manual_clock time;
  fake_surroundings around;
  metric_registry metrics;

private:
  static task_place place_of(const stream_environment& env,
                             const std::string& operator_name,
                             std::uint32_t index) {
    auto job = env.build();
    REQUIRE_MESSAGE(job, (job ? "" : job.error().text));
    for (const auto& vertex : (*job)->vertices())
      for (const auto& each : vertex.operators)
        if (each.name == operator_name)
          return {
            std::make_shared<execution_graph>(*job), {vertex.id, index}, 1};
    FAIL("no operator " << operator_name);
    return {};
  }

  task_settings settings_;
  task_place place_;
  std::optional<task> task_;
  std::map<std::size_t, std::uint64_t> sequences_;
};

inline job_options test_options(std::uint32_t parallelism = 1) {
  job_options options;
  options.job_name = "job";
  options.parallelism = parallelism;
  return options;
}

inline std::vector<std::int64_t> numbers(std::int64_t first,
                                         std::int64_t last) {
  std::vector<std::int64_t> result;
  for (std::int64_t i = first; i <= last; ++i)
    result.push_back(i);
  return result;
}

/// A stream whose records come through channel 0 of the next operator.
inline data_stream<std::int64_t> input_stream(stream_environment& env) {
  return env.from_collection(std::vector<std::int64_t>{}).rebalance();
}

/// Ends a stream in a vertex of its own of some parallelism.
inline void end_apart(const data_stream<std::int64_t>& stream,
                      int parallelism = 1) {
  struct no_sink final : sink<std::int64_t> {
    struct writer final : sink_writer<std::int64_t> {
      expected<void> open(runtime_context&) override { return {}; }
      expected<void> write(std::span<const std::int64_t>,
                           std::span<const timestamp>) override {
        return {};
      }
    };
    [[nodiscard]] std::string kind() const override { return "no sink"; }
    [[nodiscard]] sink_guarantee guarantee() const override {
      return sink_guarantee::at_least_once;
    }
    [[nodiscard]] std::unique_ptr<sink_writer<std::int64_t>>
    make_writer() const override {
      return std::make_unique<writer>();
    }
  };
  auto end = stream.sink_to(std::make_shared<no_sink>());
  end.set_parallelism(parallelism);
  end.disable_chaining();
}

} // namespace flow
