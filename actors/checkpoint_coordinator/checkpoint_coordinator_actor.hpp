#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/messages/checkpoint_messages.hpp"
#include "actors/support/worker_context.hpp"

namespace flow {

/// One per job that takes checkpoints or commits at its end. When to take one
/// and when it is complete is decided by flow::checkpoint_coordinator; here it
/// becomes messages to the job manager and work on the storage, which is done
/// in the background, one publication at a time.
///
/// Owner: the job manager, whose death ends it. When it dies the job fails.
class checkpoint_coordinator_actor final : public caf::event_based_actor {
public:
  struct settings {
    checkpoint_options options;
    checkpoint_plan plan;
    checkpoint_start start;
    /// False: nothing is kept; a checkpoint only has the sinks commit.
    bool keeps_state = true;
  };

  checkpoint_coordinator_actor(caf::actor_config& config, settings what,
                               worker_context shared, caf::actor job_manager);

  [[nodiscard]] const char* name() const override {
    return "checkpoint_coordinator";
  }

  void on_exit() override;

protected:
  caf::behavior make_behavior() override;

private:
  void on_stored(std::uint64_t id, const std::string& location);
  void on_store_failed(std::uint64_t id, const error& why);
  void on_restore_point(std::uint32_t region, std::uint32_t attempt);
  void on_over(job_outcome outcome);

  void perform(checkpoint_coordinator::steps steps);
  void log_step(const checkpoint_step& step);
  void publish(std::shared_ptr<const checkpoint_metadata> metadata);
  void discard(std::uint64_t id);
  void discard_unfinished();
  void arm();
  void tick();
  void answer_when_settled();
  [[nodiscard]] std::chrono::nanoseconds now() const {
    return shared_.time->steady();
  }

  const worker_context shared_;
  const bool keeps_state_;
  const checkpoint_retention retention_;
  caf::actor job_manager_;
  checkpoint_coordinator decisions_;
  std::shared_ptr<const stored_checkpoint> latest_; // what to restore

  std::uint32_t answers_ = 0; // restore points that were given out
  std::map<std::uint64_t, std::shared_ptr<const checkpoint_metadata>>
    publishing_;
  std::vector<std::uint64_t> given_up_; // since the last one completed
  std::map<std::uint32_t, std::uint32_t> restore_asked_; // attempts by region
  std::optional<job_outcome> over_;
  bool partly_ended_told_ = false; // it comes again at every interval
  std::uint64_t tick_epoch_ = 0;
  std::chrono::nanoseconds armed_ = std::chrono::nanoseconds::max();
};

} // namespace flow
