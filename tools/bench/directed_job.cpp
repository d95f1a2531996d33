#include "tools/bench/directed_job.hpp"

namespace flow::bench {

namespace {

class forgetful_writer final : public sink_writer<directed_event> {
public:
  expected<void> open(runtime_context&) override { return {}; }
  expected<void> write(std::span<const directed_event>,
                       std::span<const timestamp>) override {
    return {};
  }
};

} // namespace

std::unique_ptr<sink_writer<directed_event>>
discarding_sink::make_writer() const {
  return std::make_unique<forgetful_writer>();
}

job_options directed_job::options(const settings& wanted,
                                  state_backend_kind backend,
                                  bool prompt) const {
  job_options result = make_options(wanted);
  result.job_id = std::string(32, '0');
  result.checkpoints.interval = std::chrono::hours{24}; // taken by command
  result.checkpoints.backend = backend;
  result.checkpoints.dir = folder_.path();
  result.restart.kind = restart_kind::fixed_delay;
  result.restart.fixed_delay = {1, duration_ms{10}};
  if (prompt)
    result.buffer_timeout = duration_ms{1};
  return result;
}

template <class Condition>
expected<void> directed_job::until(Condition&& holds) {
  constexpr std::chrono::milliseconds step{5};
  while (!holds())
    if (const auto ended = job_->wait(step))
      return ended->cause.value_or(
        error{error_code::invalid_argument, "the job has ended"});
  return {};
}

expected<void> directed_job::fill() {
  const std::uint64_t goal = processed() + director_.keys();
  director_.give(order::fill);
  return until([&] { return processed() >= goal; });
}

expected<checked_values> directed_job::check() {
  using share = director::share;
  const auto sums = [this] {
    return checked_values{director_.sum(&share::checked),
                          director_.sum(&share::digest),
                          director_.sum(&share::missing)};
  };
  const checked_values before = sums();
  director_.give(order::check);
  auto done =
    until([&] { return sums().count >= before.count + director_.keys(); });
  if (!done)
    return done.error();
  director_.give(order::wait);
  const checked_values after = sums();
  return checked_values{after.count - before.count,
                        after.digest - before.digest,
                        after.missing - before.missing};
}

void directed_job::update(double rate) {
  director_.give(order::update, rate / parallelism_);
}

/// Buffers are empty when nothing has come for longer than any waits.
expected<void> directed_job::settle() {
  director_.give(order::wait);
  std::uint64_t seen = processed();
  nanoseconds since = now();
  return until([&] {
    if (const std::uint64_t next = processed(); next != seen) {
      seen = next;
      since = now();
    }
    return now() - since > std::chrono::milliseconds{100};
  });
}

expected<void> directed_job::watch(nanoseconds time) {
  const nanoseconds end = now() + time;
  return until([&] { return now() >= end; });
}

void directed_job::begin_checkpoint() {
  const auto history = job_->checkpoints();
  completed_before_ = history.completed;
  failed_before_ = history.failed;
  job_->take_checkpoint();
}

expected<checkpoint_report> directed_job::end_checkpoint() {
  checkpoint_history history;
  auto done = until([&] {
    history = job_->checkpoints();
    return history.completed > completed_before_
           || history.failed > failed_before_;
  });
  if (!done)
    return done.error();
  if (history.failed > failed_before_)
    return error{error_code::io,
                 "a checkpoint failed: " + history.reports().back().failure};
  return history.reports().back();
}

expected<checkpoint_report> directed_job::take_checkpoint() {
  begin_checkpoint();
  return end_checkpoint();
}

expected<void> directed_job::restart() {
  director_.give(order::fail);
  auto done = until([&] { return director_.restored() >= parallelism_; });
  director_.give(order::wait);
  return done;
}

} // namespace flow::bench
