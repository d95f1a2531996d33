#include "libflow/job/restart_strategy.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <utility>

#include "libflow/core/assert.hpp"

namespace flow {

namespace {

std::string ms_text(duration_ms delay) {
  return std::to_string(delay.count()) + " ms";
}

class no_restart final : public restart_strategy {
public:
  std::optional<duration_ms> on_failure(timestamp) override {
    return std::nullopt;
  }

  [[nodiscard]] std::string describe() const override { return "none"; }
};

class fixed_delay_restart final : public restart_strategy {
public:
  explicit fixed_delay_restart(restart_options::fixed_delay_options options)
    : options_(options) {}

  std::optional<duration_ms> on_failure(timestamp) override {
    if (used_ >= options_.attempts)
      return std::nullopt;
    ++used_;
    return options_.delay;
  }

  [[nodiscard]] std::string describe() const override {
    return "fixed-delay (" + std::to_string(options_.attempts) + " restarts, "
           + ms_text(options_.delay) + " each)";
  }

private:
  const restart_options::fixed_delay_options options_;
  std::int64_t used_ = 0;
};

class exponential_delay_restart final : public restart_strategy {
public:
  exponential_delay_restart(restart_options::exponential_delay_options options,
                            jitter_source jitter)
    : options_(options), jitter_(std::move(jitter)),
      next_ms_(static_cast<double>(options.initial_backoff.count())) {}

  std::optional<duration_ms> on_failure(timestamp now) override {
    // Quiet since the last restart began: as if nothing had happened before.
    if (now >= quiet_since_ + options_.reset_backoff_threshold.count()) {
      next_ms_ = static_cast<double>(options_.initial_backoff.count());
      used_ = 0;
    }
    const std::int64_t limit = options_.attempts_before_reset;
    if (limit >= 0 && used_ >= limit)
      return std::nullopt;
    ++used_;
    const auto ceiling = static_cast<double>(options_.max_backoff.count());
    const double base = std::min(next_ms_, ceiling);
    next_ms_ = std::min(next_ms_ * options_.backoff_multiplier, ceiling);
    const double spread = base * options_.jitter_factor * (2 * jitter_() - 1);
    const duration_ms delay{
      std::llround(std::clamp(base + spread, 0.0, ceiling))};
    quiet_since_ = now + delay.count();
    return delay;
  }

  [[nodiscard]] std::string describe() const override {
    return "exponential-delay (from " + ms_text(options_.initial_backoff)
           + " to " + ms_text(options_.max_backoff) + ")";
  }

private:
  const restart_options::exponential_delay_options options_;
  const jitter_source jitter_;
  double next_ms_;
  std::int64_t used_ = 0;
  timestamp quiet_since_ = 0;
};

class failure_rate_restart final : public restart_strategy {
public:
  explicit failure_rate_restart(restart_options::failure_rate_options options)
    : options_(options) {}

  std::optional<duration_ms> on_failure(timestamp now) override {
    failures_.push_back(now);
    const timestamp oldest = now - options_.interval.count();
    while (!failures_.empty() && failures_.front() <= oldest)
      failures_.pop_front();
    if (std::cmp_greater(failures_.size(), options_.max_failures_per_interval))
      return std::nullopt;
    return options_.delay;
  }

  [[nodiscard]] std::string describe() const override {
    return "failure-rate (" + std::to_string(options_.max_failures_per_interval)
           + " failures in " + ms_text(options_.interval) + ")";
  }

private:
  const restart_options::failure_rate_options options_;
  std::deque<timestamp> failures_; // at most max_failures_per_interval + 1
};

} // namespace

std::unique_ptr<restart_strategy>
make_restart_strategy(const restart_options& options, jitter_source jitter) {
  switch (options.kind.value_or(restart_kind::none)) {
  case restart_kind::none:
    return std::make_unique<no_restart>();
  case restart_kind::fixed_delay:
    return std::make_unique<fixed_delay_restart>(options.fixed_delay);
  case restart_kind::exponential_delay:
    FLOW_ASSERT(jitter != nullptr, "exponential-delay needs a jitter source");
    return std::make_unique<exponential_delay_restart>(
      options.exponential_delay, std::move(jitter));
  case restart_kind::failure_rate:
    return std::make_unique<failure_rate_restart>(options.failure_rate);
  }
  FLOW_ASSERT(false, "unknown kind of restart strategy");
}

} // namespace flow
