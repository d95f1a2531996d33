#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "actors/messages/control_messages.hpp"
#include "actors/support/caf.hpp"

namespace flow {

FLOW_ATOM(started)

/// The job a control actor speaks for.
struct controlled_job {
  running_job* job = nullptr; ///< ends after the control actor
  caf::actor job_manager;
};

/// Answers the requests of actors/messages/control_messages.hpp for one job.
/// Owner: flow::job_control::running.
class control_actor final : public caf::event_based_actor {
public:
  /// @param when_ended called once, when the job has ended
  control_actor(caf::actor_config& config, std::string job_name,
                caf::actor listener,
                std::vector<std::function<void()>> when_ended);

  [[nodiscard]] const char* name() const override { return "job_control"; }
  void on_exit() override;

protected:
  caf::behavior make_behavior() override;

private:
  void on_ended(const job_result& result);
  caf::result<job_status_report> on_status();
  caf::result<job_result> on_result();
  std::string on_metrics();
  template <class Atom>
  bool on_command(Atom what);
  [[nodiscard]] job_status_report report_of_end() const;

  const std::string job_name_;
  caf::actor listener_;
  std::vector<std::function<void()>> when_ended_;
  controlled_job controlled_;
  std::optional<job_result> result_;
  std::vector<caf::typed_response_promise<job_result>> waiting_;
};

} // namespace flow

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(flow::controlled_job)
