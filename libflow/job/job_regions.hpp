#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "libflow/core/error.hpp"
#include "libflow/core/timestamp.hpp"
#include "libflow/job/failover_regions.hpp"
#include "libflow/job/job_lifecycle.hpp"

namespace flow {

/// One thing a job manager has to do now, for the tasks of a region, in the
/// order given. `report_end` is for the whole job and comes once.
struct region_step {
  std::uint32_t region = 0;
  job_step step;

  friend bool operator==(const region_step&, const region_step&) = default;
};

/// A job whose regions fail and restart each by itself: a job_lifecycle a
/// region, and what holds of them together. A region counts its own attempts.
///
/// The restart strategy is the job's. Regions that fail while another waits
/// for its restart (a worker process took several with it) are one failure to
/// it, and start again at the same time. One that may not start again ends the
/// job: the others are cancelled, the job has failed.
///
/// A job of one region is a job_lifecycle.
/// Owner: the job manager, for the job's life.
/// @thread the owner's alone
class job_regions {
public:
  using steps = std::vector<region_step>;

  /// @param regions outlives this
  job_regions(const failover_regions& regions,
              std::unique_ptr<restart_strategy> restart);
  job_regions(const job_regions&) = delete;
  job_regions& operator=(const job_regions&) = delete;
  ~job_regions();

  steps start(timestamp now);

  /// As job_lifecycle has them; tasks by their number in the job.
  steps task_changed(std::uint32_t task, std::uint32_t attempt,
                     task_state state, timestamp now);
  steps task_failed(std::uint32_t task, std::uint32_t attempt, error cause,
                    timestamp now);

  /// What is not one region's: all that have not ended fail.
  steps job_failed(const error& cause, timestamp now);

  steps cancel(timestamp now);
  steps stop(timestamp now);

  /// The delay of the region's restart after `attempt` has passed.
  steps restart_due(std::uint32_t region, std::uint32_t attempt, timestamp now);

  /// Of all regions together. While they differ: what is the furthest from
  /// running smoothly.
  [[nodiscard]] job_state state() const;
  [[nodiscard]] job_state state_of(std::uint32_t region) const;
  /// Every region runs, is stopping, or has ended well.
  [[nodiscard]] bool all_run() const;

  [[nodiscard]] task_state task(std::uint32_t task) const;
  /// Of the task's region: 0 before the first deployment, then from 1.
  [[nodiscard]] std::uint32_t attempt_of_task(std::uint32_t task) const;
  [[nodiscard]] std::uint32_t attempt_of(std::uint32_t region) const;

  /// How often the job, or a part of it, was started again.
  [[nodiscard]] std::uint32_t restarts() const noexcept { return restarts_; }

  /// Why the job has failed; none: it has not.
  [[nodiscard]] const std::optional<error>& cause() const noexcept {
    return cause_;
  }

private:
  class shared_strategy;

  /// What the strategy said to a region's last failure.
  struct grant {
    std::uint32_t number = 0; // counts what the strategy was asked
  };

  template <class Change>
  steps change(std::uint32_t region, timestamp now, Change&& what);
  template <class Change>
  steps change_all(timestamp now, Change&& what);
  void take(std::uint32_t region, job_lifecycle::steps made, timestamp now,
            steps& out);
  std::optional<duration_ms> granted(std::uint32_t region, timestamp now);
  [[nodiscard]] std::uint32_t place_of(std::uint32_t task) const;
  [[nodiscard]] bool any(job_state state) const;

  const failover_regions& regions_;
  const std::unique_ptr<restart_strategy> restart_;
  std::vector<std::unique_ptr<job_lifecycle>> lives_; // by region
  std::vector<grant> grants_;                         // by region
  std::uint32_t asked_ = 0;
  timestamp due_ = 0; // of the last grant
  duration_ms delay_{0};
  std::uint32_t counted_ = 0; // the newest grant that was used
  std::uint32_t restarts_ = 0;
  std::optional<error> cause_;
  bool ended_ = false;
};

} // namespace flow
