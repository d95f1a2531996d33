#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <utility>

#include "libflow/flow.hpp"

namespace flow {

/// What a test and the reader of a paced_source share. @thread any
struct source_pace {
  std::atomic<std::int64_t> gate{0};   ///< numbers below it may be read
  std::atomic<bool> ends{false};       ///< the source ends at the gate
  std::atomic<std::int64_t> read{0};   ///< the next number of the reader
  std::atomic<std::int64_t> most{0};   ///< the highest of all readers
  std::atomic<std::int64_t> begins{0}; ///< the first number of the reader
  /// Called with the next number before each poll; set before the job starts.
  std::function<void(std::int64_t next)> on_poll = [](std::int64_t) {};
};

/// Counts from 0 as far as the test lets it, in one subtask; each number is its
/// own time for `own_time`. Those that it shares the job's parallelism with are
/// at their end at once.
class paced_source final : public source<std::int64_t> {
public:
  explicit paced_source(std::shared_ptr<source_pace> pace, bool alone = true)
    : pace_(std::move(pace)), alone_(alone) {}

  [[nodiscard]] std::string kind() const override { return "paced"; }
  [[nodiscard]] bool bounded() const override { return true; }
  [[nodiscard]] replay_guarantee replay() const override {
    return replay_guarantee::replayable;
  }
  [[nodiscard]] std::uint32_t required_parallelism() const override {
    return alone_ ? 1 : 0;
  }
  [[nodiscard]] std::unique_ptr<source_reader<std::int64_t>>
  make_reader() const override {
    return std::make_unique<reader>(pace_);
  }

private:
  class reader final : public source_reader<std::int64_t> {
  public:
    explicit reader(std::shared_ptr<source_pace> pace)
      : pace_(std::move(pace)) {}

    expected<void> open(source_context& context) override {
      counts_ = context.subtask_index() == 0;
      return {};
    }

    expected<poll_result> poll(record_batch<std::int64_t>& out,
                               std::size_t room) override {
      if (stopped_ || !counts_)
        return poll_result{poll_status::finished, {}};
      pace_->on_poll(next_);
      const bool ends = pace_->ends; // before the gate, which was set first
      const std::int64_t gate = pace_->gate;
      if (!std::exchange(began_, true))
        pace_->begins = next_;
      for (; room > 0 && next_ < gate; --room)
        out.append(next_++, min_timestamp);
      pace_->read = next_;
      pace_->most = std::max(pace_->most.load(), next_);
      if (next_ < gate)
        return poll_result{poll_status::more, {}};
      if (ends)
        return poll_result{poll_status::finished, {}};
      return poll_result{poll_status::waiting, std::chrono::milliseconds{1}};
    }

    void stop() override { stopped_ = true; }

    [[nodiscard]] std::vector<byte_string> snapshot() const override {
      byte_string bytes;
      byte_writer{bytes}.write_int(next_);
      return {bytes};
    }
    expected<void> restore(std::span<const byte_string> entries) override {
      for (const auto& each : entries)
        if (!byte_reader{each}.read_int(next_))
          return error{error_code::corrupt_data, "the position is cut short"};
      return {};
    }

  private:
    std::shared_ptr<source_pace> pace_;
    std::int64_t next_ = 0;
    bool counts_ = false;
    bool began_ = false;
    bool stopped_ = false;
  };

  std::shared_ptr<source_pace> pace_;
  bool alone_;
};

inline timestamp own_time(const std::int64_t& number) {
  return number;
}

/// Numbers as far as `pace` lets them; a strategy that aligns them in group
/// "g".
inline data_stream<std::int64_t>
aligned_numbers(stream_environment& env, const std::string& name,
                const std::shared_ptr<source_pace>& pace, duration_ms drift,
                duration_ms interval,
                std::optional<duration_ms> idle_after = {}) {
  auto strategy =
    monotonous_timestamps(&own_time).with_alignment("g", drift, interval);
  if (idle_after)
    strategy = strategy.with_idleness(*idle_after);
  return env.from_source<std::int64_t>(std::make_shared<paced_source>(pace))
    .name(name + " source")
    .uid(name)
    .assign_timestamps_and_watermarks(strategy)
    .name(name);
}

} // namespace flow
