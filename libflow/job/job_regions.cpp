#include "libflow/job/job_regions.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "libflow/core/assert.hpp"

namespace flow {

/// What a region's lifecycle asks: the job's strategy, once for all regions
/// that fail together.
class job_regions::shared_strategy final : public restart_strategy {
public:
  shared_strategy(job_regions& job, std::uint32_t region)
    : job_(job), region_(region) {}

  std::optional<duration_ms> on_failure(timestamp now) override {
    return job_.granted(region_, now);
  }
  [[nodiscard]] std::string describe() const override {
    return job_.restart_->describe();
  }

private:
  job_regions& job_;
  const std::uint32_t region_;
};

job_regions::job_regions(const failover_regions& regions,
                         std::unique_ptr<restart_strategy> restart)
  : regions_(regions), restart_(std::move(restart)), grants_(regions.count()) {
  FLOW_ASSERT(restart_ != nullptr, "a job has a restart strategy");
  for (std::uint32_t region = 0; region < regions.count(); ++region)
    lives_.push_back(std::make_unique<job_lifecycle>(
      regions.tasks_of(region).size(),
      std::make_unique<shared_strategy>(*this, region)));
}

job_regions::~job_regions() = default;

// -- what happens -------------------------------------------------------------

template <class Change>
job_regions::steps job_regions::change(std::uint32_t region, timestamp now,
                                       Change&& what) {
  steps out;
  take(region, what(*lives_.at(region)), now, out);
  return out;
}

template <class Change>
job_regions::steps job_regions::change_all(timestamp now, Change&& what) {
  steps out;
  for (std::uint32_t region = 0; region < lives_.size(); ++region)
    take(region, what(*lives_[region]), now, out);
  return out;
}

job_regions::steps job_regions::start(timestamp now) {
  return change_all(now, [](job_lifecycle& life) { return life.start(); });
}

job_regions::steps job_regions::task_changed(std::uint32_t task,
                                             std::uint32_t attempt,
                                             task_state state, timestamp now) {
  return change(regions_.of_task(task), now, [&](job_lifecycle& life) {
    return life.task_changed(place_of(task), attempt, state, now);
  });
}

job_regions::steps job_regions::task_failed(std::uint32_t task,
                                            std::uint32_t attempt, error cause,
                                            timestamp now) {
  return change(regions_.of_task(task), now, [&](job_lifecycle& life) {
    return life.task_failed(place_of(task), attempt, std::move(cause), now);
  });
}

job_regions::steps job_regions::job_failed(const error& cause, timestamp now) {
  return change_all(now, [&](job_lifecycle& life) {
    const bool affected = life.state() == job_state::scheduling
                          || life.state() == job_state::running
                          || life.state() == job_state::stopping;
    return affected ? life.deployment_failed(life.attempt(), cause, now)
                    : job_lifecycle::steps{};
  });
}

job_regions::steps job_regions::cancel(timestamp now) {
  return change_all(now, [&](job_lifecycle& life) { return life.cancel(now); });
}

job_regions::steps job_regions::stop(timestamp now) {
  return change_all(now, [&](job_lifecycle& life) { return life.stop(now); });
}

job_regions::steps job_regions::restart_due(std::uint32_t region,
                                            std::uint32_t attempt,
                                            timestamp now) {
  return change(region, now, [&](job_lifecycle& life) {
    auto made = life.restart_due(attempt);
    if (!made.empty() && grants_[region].number > counted_) {
      counted_ = grants_[region].number;
      ++restarts_;
    }
    return made;
  });
}

// -- what follows -------------------------------------------------------------

/// Passes on what a region has to do; its end may be that of the job.
void job_regions::take(std::uint32_t region, job_lifecycle::steps made,
                       timestamp now, steps& out) {
  for (const job_step& each : made)
    if (each.action != job_action::report_end)
      out.push_back({region, each});
  if (ended_)
    return;
  if (lives_[region]->state() == job_state::failed && !cause_) {
    cause_ = lives_[region]->cause();
    for (std::uint32_t other = 0; other < lives_.size(); ++other)
      if (!is_terminal(lives_[other]->state()))
        take(other, lives_[other]->cancel(now), now, out);
  }
  const bool all_ended = std::ranges::all_of(
    lives_, [](const auto& each) { return is_terminal(each->state()); });
  if (all_ended && !std::exchange(ended_, true))
    out.push_back({region, {job_action::report_end, duration_ms{0}}});
}

std::optional<duration_ms> job_regions::granted(std::uint32_t region,
                                                timestamp now) {
  const bool joins = any(job_state::restarting);
  if (joins) {
    grants_[region].number = asked_;
    // The clock may have gone backwards.
    return std::clamp(duration_ms{due_ - now}, duration_ms{0}, delay_);
  }
  const auto delay = restart_->on_failure(now);
  if (!delay)
    return std::nullopt;
  grants_[region].number = ++asked_;
  delay_ = *delay;
  due_ = now + delay->count();
  return delay;
}

// -- looking at it ------------------------------------------------------------

bool job_regions::any(job_state state) const {
  return std::ranges::any_of(
    lives_, [=](const auto& each) { return each->state() == state; });
}

job_state job_regions::state() const {
  using enum job_state;
  if (cause_ && ended_)
    return failed;
  // A region that has failed for good shows once the others are gone.
  constexpr std::array by_weight{job_state::cancelling,
                                 failing,
                                 restarting,
                                 scheduling,
                                 created,
                                 stopping,
                                 running,
                                 suspended,
                                 failed,
                                 job_state::cancelled,
                                 stopped};
  for (const job_state each : by_weight)
    if (any(each))
      return each;
  return finished;
}

job_state job_regions::state_of(std::uint32_t region) const {
  return lives_.at(region)->state();
}

bool job_regions::all_run() const {
  return std::ranges::all_of(lives_, [](const auto& each) {
    return each->state() == job_state::running
           || each->state() == job_state::stopping
           || each->state() == job_state::finished
           || each->state() == job_state::stopped;
  });
}

std::uint32_t job_regions::place_of(std::uint32_t task) const {
  const auto& tasks = regions_.tasks_of(regions_.of_task(task));
  return static_cast<std::uint32_t>(std::ranges::lower_bound(tasks, task)
                                    - tasks.begin());
}

task_state job_regions::task(std::uint32_t task) const {
  return lives_[regions_.of_task(task)]->task(place_of(task));
}

std::uint32_t job_regions::attempt_of_task(std::uint32_t task) const {
  return attempt_of(regions_.of_task(task));
}

std::uint32_t job_regions::attempt_of(std::uint32_t region) const {
  return lives_.at(region)->attempt();
}

} // namespace flow
