#include "libflow/job/restart_strategy.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

namespace restart_strategy_test {

using namespace flow;

namespace {

constexpr std::int64_t refused = -1;

std::int64_t ask(restart_strategy& strategy, timestamp now) {
  const auto delay = strategy.on_failure(now);
  return delay ? delay->count() : refused;
}

std::unique_ptr<restart_strategy> make(const restart_options& options,
                                       double jitter = 0.5) {
  return make_restart_strategy(options, [=] { return jitter; });
}

} // namespace

TEST_CASE("no restart refuses the first failure") {
  const auto strategy = make({});
  CHECK(ask(*strategy, 0) == refused);
  CHECK(strategy->describe() == "none");
}

TEST_CASE("a fixed delay grants its attempts and no more") {
  restart_options options;
  options.kind = restart_kind::fixed_delay;
  options.fixed_delay = {2, duration_ms{200}};
  const auto strategy = make(options);
  CHECK(ask(*strategy, 0) == 200);
  CHECK(ask(*strategy, 1'000'000'000) == 200);
  CHECK(ask(*strategy, 2'000'000'000) == refused);
  CHECK(ask(*strategy, 3'000'000'000) == refused);
  CHECK(strategy->describe() == "fixed-delay (2 restarts, 200 ms each)");
}

TEST_CASE("an exponential delay grows to its maximum") {
  restart_options options;
  options.kind = restart_kind::exponential_delay;
  options.exponential_delay.backoff_multiplier = 2;
  options.exponential_delay.max_backoff = duration_ms{5000};
  const auto strategy = make(options);
  std::vector<std::int64_t> delays;
  for (int i = 0; i < 5; ++i)
    delays.push_back(ask(*strategy, 0));
  CHECK(delays == std::vector<std::int64_t>{1000, 2000, 4000, 5000, 5000});
  CHECK(strategy->describe() == "exponential-delay (from 1000 ms to 5000 ms)");
}

TEST_CASE("an exponential delay begins anew after a quiet time") {
  restart_options options;
  options.kind = restart_kind::exponential_delay;
  options.exponential_delay.reset_backoff_threshold = duration_ms{10'000};
  const auto strategy = make(options);
  CHECK(ask(*strategy, 100'000) == 1000);
  CHECK(ask(*strategy, 110'999) == 1500); // runs since 101,000: 9,999 ms
  CHECK(ask(*strategy, 122'498) == 2250);
  CHECK(ask(*strategy, 134'748) == 1000); // runs since 124,748: 10,000 ms
}

TEST_CASE("an exponential delay can have a number of attempts") {
  restart_options options;
  options.kind = restart_kind::exponential_delay;
  options.exponential_delay.attempts_before_reset = 2;
  options.exponential_delay.reset_backoff_threshold = duration_ms{10'000};
  const auto strategy = make(options);
  CHECK(ask(*strategy, 0) == 1000);
  CHECK(ask(*strategy, 1000) == 1500);
  CHECK(ask(*strategy, 2500) == refused);
  CHECK(ask(*strategy, 12'500) == 1000);
}

TEST_CASE("jitter spreads a delay by its factor and never beyond the maximum") {
  restart_options options;
  options.kind = restart_kind::exponential_delay;
  CHECK(ask(*make(options, 0.0), 0) == 900);
  CHECK(ask(*make(options, 0.999999), 0) == 1100);
  options.exponential_delay.max_backoff = duration_ms{1000};
  CHECK(ask(*make(options, 0.999999), 0) == 1000);
}

TEST_CASE("a failure rate refuses what comes too fast") {
  restart_options options;
  options.kind = restart_kind::failure_rate;
  options.failure_rate = {2, duration_ms{60'000}, duration_ms{50}};
  const auto strategy = make(options);
  CHECK(ask(*strategy, 0) == 50);
  CHECK(ask(*strategy, 30'000) == 50);
  CHECK(ask(*strategy, 60'000) == 50); // the first is a minute old
  CHECK(ask(*strategy, 89'999) == refused);
  CHECK(strategy->describe() == "failure-rate (2 failures in 60000 ms)");
}

} // namespace restart_strategy_test
