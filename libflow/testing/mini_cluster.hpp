#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "libflow/api/stream_environment.hpp"

namespace flow::testing {

/// A job that a mini_cluster has started, with what its composer returned.
/// Going, it cancels a job that still runs.
/// @thread one
template <class Result>
class mini_job {
public:
  mini_job(std::unique_ptr<running_job> job, Result result,
           std::chrono::milliseconds patience)
    : job_(std::move(job)), result_(std::move(result)), patience_(patience) {}

  /// What the composer returned: usually of `collect()`, complete once the job
  /// has ended.
  [[nodiscard]] Result& result() noexcept { return result_; }
  [[nodiscard]] running_job& handle() noexcept { return *job_; }

  /// How the job ended; one that takes longer than the cluster's patience is
  /// cancelled, and has failed.
  job_result wait() {
    if (auto ended = job_->wait(patience_))
      return *ended;
    job_->cancel();
    job_result late = job_->wait(patience_).value_or(job_result{});
    late.outcome = job_outcome::failed;
    late.cause = error{error_code::timed_out, "the job did not end in time"};
    return late;
  }

private:
  std::unique_ptr<running_job> job_;
  Result result_;
  std::chrono::milliseconds patience_;
};

/// Runs whole jobs in a test: all actors and threads of a cluster, in this
/// process. Link `flow::testing` and `flow::runtime`.
///
///     flow::testing::mini_cluster cluster;
///     cluster.options().parallelism = 2;
///     auto job = cluster.start([](flow::stream_environment& env) {
///       return env.from_sequence(1, 4).map(square).collect();
///     });
///     REQUIRE(job);
///     CHECK(job->wait().outcome == flow::job_outcome::finished);
///     CHECK(job->result().records().size() == 4);
///
/// The options are those that every job takes: checkpoints, restart strategy,
/// `restore`, worker processes.
/// @thread one
class mini_cluster {
public:
  explicit mini_cluster(
    job_options options = {},
    std::chrono::milliseconds patience = std::chrono::seconds{60})
    : options_(std::move(options)), patience_(patience) {
    if (options_.job_name.empty())
      options_.job_name = "test";
  }

  /// For the next jobs.
  [[nodiscard]] job_options& options() noexcept { return options_; }

  /// Starts the job that `compose(stream_environment&)` composes. An error for
  /// a job that would be refused.
  template <class Compose>
  auto start(Compose compose)
    -> expected<mini_job<std::invoke_result_t<Compose&, stream_environment&>>> {
    using result = std::invoke_result_t<Compose&, stream_environment&>;
    stream_environment env{options_};
    result composed = compose(env);
    auto job = env.execute_async();
    if (!job)
      return job.error();
    return mini_job<result>{std::move(*job), std::move(composed), patience_};
  }

private:
  job_options options_;
  std::chrono::milliseconds patience_;
};

} // namespace flow::testing
