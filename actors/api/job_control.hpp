#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "actors/messages/control_messages.hpp"
#include "actors/support/caf.hpp"
#include "libflow/api/stream_environment.hpp"

namespace flow {

/// A job that runs in the program's actor system.
///
/// Actors use `actor()`, which answers the requests of
/// actors/messages/control_messages.hpp:
///
///     self->request(control.actor(), 2s, flow::status_atom::value)
///       .then([=](const flow::job_status_report& report) { ... },
///             [=](caf::error& why) { ... });
///
/// Owner: a value; copies name the same job. The last one going cancels a job
/// that has not ended and waits for it, so keep one in main, outside of
/// actors, declared after the actor system.
/// @thread any that may block
class job_control {
public:
  class running;

  explicit job_control(std::shared_ptr<running> job) : job_(std::move(job)) {}

  [[nodiscard]] const caf::actor& actor() const;

  /// Blocks until the job has ended.
  job_result wait() const;

  /// The same for some time; none: it runs on.
  [[nodiscard]] std::optional<job_result>
  wait(std::chrono::milliseconds at_most) const;

  /// Sources end, what was read is processed. Returns at once.
  void stop() const;

  /// Gives up; results may be missing. Returns at once.
  void cancel() const;

private:
  std::shared_ptr<running> job_;
};

/// Starts the job in the program's own actor system and returns at once.
/// Errors: rules that the graph breaks, each naming its operator.
/// @param system configured as flow::runtime_config does; outlives the result
/// @param listener gets a `job_ended` message; may be null
[[nodiscard]] expected<job_control>
execute_async(const stream_environment& env, caf::actor_system& system,
              const caf::actor& listener = {});

} // namespace flow
