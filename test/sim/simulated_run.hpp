#pragma once

#include <functional>
#include <string>
#include <vector>

#include "test/actors/simulation.hpp"
#include "test/sim/fault_plan.hpp"
#include "test/sim/faulty_disk.hpp"
#include "test/sim/mailbox_faults.hpp"
#include "test/sim/sim_job.hpp"

namespace flow::sim {

/// How a run by one seed ended.
struct run_result {
  std::vector<std::string> problems; ///< empty: all that must hold did
  fault_counts faults;
  std::uint64_t messages = 0;  ///< taken by all actors
  std::uint64_t processes = 1; ///< started one after the other
  std::uint64_t restarts = 0;  ///< of the job within its processes
};

/// One job from its first start to its end, in one thread, with everything by
/// chance: which actor takes its next message, when time passes, what fails.
/// Starts the process again when it has died or the job has failed.
class simulated_run {
public:
  /// @param trace  gets a line for every message and fault; none: no trace
  explicit simulated_run(std::uint64_t seed,
                         std::function<void(const std::string&)> trace = {});

  run_result to_end();

private:
  enum class process_end { finished, failed, died };

  process_end run_process();
  job_options options_of_process();
  void step(simulated_cluster& cluster);
  bool crash_before(caf::scheduled_actor& actor);
  bool cut_before(caf::scheduled_actor& actor, const next_message& message);
  void die();
  void notice_cut();
  void watch(caf::scheduled_actor& actor, const next_message& message);
  void kill_all(simulated_cluster& cluster);
  void check_visible();
  void check_end();
  void problem(const std::string& text);
  void trace(const std::function<std::string()>& text) const;

  fault_plan plan_;
  sim_job job_;
  std::function<void(const std::string&)> trace_;
  std::uint32_t parallelism_ = 1;
  simulated_cluster* cluster_ = nullptr; // the process that lives
  faulty_disk disk_;
  run_result result_;
  bool died_ = false;
  std::chrono::nanoseconds before_{0}; // time before the process that lives

  // Of the process that lives. Actors by address: ids are unique per system.
  std::map<caf::actor_id, caf::actor_addr> actors_;
  std::map<std::pair<caf::actor_id, std::uint32_t>, timestamp> watermarks_;
  struct cut_link {
    caf::actor_addr receiver;
    std::uint32_t channel = 0;
    std::chrono::nanoseconds noticed{0}; // when, of the steady clock
  };
  std::optional<cut_link> cut_;

  std::map<std::string, std::string> visible_; // parts seen so far
};

} // namespace flow::sim
