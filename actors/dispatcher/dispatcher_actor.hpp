#pragma once

#include <map>

#include "actors/messages/deploy_messages.hpp"
#include "actors/messages/job_messages.hpp"
#include "actors/support/worker_context.hpp"

namespace flow {

/// Accepts jobs and spawns one job manager each; passes the end of a job to
/// its client. A job manager that dies without a report fails its job.
class dispatcher_actor final : public caf::event_based_actor {
public:
  dispatcher_actor(caf::actor_config& config, worker_context shared,
                   caf::actor resource_manager);

  [[nodiscard]] const char* name() const override { return "dispatcher"; }

protected:
  caf::behavior make_behavior() override;

private:
  struct running {
    caf::actor job_manager;
    caf::actor client;
  };

  void on_submit(const submission& job);
  void on_job_ended(const caf::actor& client, const job_end& end);
  void on_down(const caf::down_msg& down);

  const worker_context shared_;
  const caf::actor resource_manager_;
  std::map<caf::actor_addr, running> jobs_; ///< by job manager
};

} // namespace flow
