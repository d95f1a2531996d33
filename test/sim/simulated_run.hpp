#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/cluster/checkpoint_setup.hpp"
#include "test/actors/simulation.hpp"
#include "test/sim/checkpoint_liveness.hpp"
#include "test/sim/fault_plan.hpp"
#include "test/sim/faulty_disk.hpp"
#include "test/sim/mailbox_faults.hpp"
#include "test/sim/outside_checks.hpp"
#include "test/sim/report_journal.hpp"
#include "test/sim/seeded_executor.hpp"
#include "test/sim/sim_job.hpp"
#include "test/sim/sim_store.hpp"

namespace flow::sim {

/// How a run by one seed ended.
struct run_result {
  std::vector<std::string> problems; ///< empty: all that must hold did
  fault_counts faults;
  std::uint64_t chances = 0; ///< of the single fault
  sim_job job;
  std::uint64_t messages = 0;    ///< taken by all actors
  std::uint64_t processes = 1;   ///< started one after the other
  std::uint64_t restarts = 0;    ///< of the job within its processes
  std::uint64_t checkpoints = 0; ///< completed
  std::uint64_t undisturbed = 0; ///< of these, where nothing had gone wrong
};

/// One job from its first start to its end, in one thread, with everything by
/// chance: which actor takes its next message, when time passes, what fails.
/// Starts the process again when it has died or the job has failed or was
/// stopped: from the newest checkpoint if there is one, else from the
/// beginning.
class simulated_run {
public:
  /// @param trace  gets a line for every message and fault; none: no trace
  explicit simulated_run(std::uint64_t seed,
                         std::function<void(const std::string&)> trace = {});

  /// Nothing goes wrong but one thing.
  simulated_run(std::uint64_t seed, single_fault only);

  run_result to_end();

private:
  simulated_run(fault_plan plan, std::function<void(const std::string&)> trace);

  enum class process_end { finished, stopped, failed, died };

  struct late_message {
    caf::actor_addr receiver;
    caf::message content;
    std::chrono::nanoseconds due{0};
  };
  struct cut_link {
    caf::actor_addr receiver;
    std::uint32_t channel = 0;
    std::chrono::nanoseconds noticed{0};
  };
  /// What a process is given before its first message.
  struct beginning {
    std::shared_ptr<file_system> files;
    std::shared_ptr<seeded_executor> background;
    job_options options;
    checkpoint_setup setup;
  };

  void choose_settings();
  void choose_by_number();
  job_options options_of_process();
  sim_surroundings surroundings_of(const beginning& process);
  expected<beginning> begin_process();
  process_end run_process();
  process_end run_cluster(const beginning& from);
  process_end clean_up(const beginning& from, const job_end& end);

  void step(simulated_cluster& cluster, seeded_executor& background);
  void stop_job(std::uint64_t odds);
  void pass_time(simulated_cluster& cluster);
  void before_message(caf::scheduled_actor& actor);
  void crash_before(caf::scheduled_actor& actor);
  bool cut_before(caf::scheduled_actor& actor, const next_message& message);
  bool notify_wrongly(caf::scheduled_actor& actor, const next_message& message);
  bool report_wrongly(caf::scheduled_actor& actor, const next_message& message);
  void write_down(caf::scheduled_actor& actor, const next_message& message);
  void hold_back(caf::scheduled_actor& actor);
  [[nodiscard]] std::vector<caf::actor> live_subtasks() const;
  void kill_one_of(const std::vector<caf::actor>& subtasks);
  void watch(caf::scheduled_actor& actor, const next_message& message);
  void watch_checkpoints(const next_message& message);
  [[nodiscard]] bool undisturbed() const;
  void die();
  void kill_all(simulated_cluster& cluster);
  [[nodiscard]] std::chrono::nanoseconds now() const;
  void trace(const std::function<std::string()>& text) const;

  fault_plan plan_;
  sim_job job_;
  job_options settings_;
  std::function<void(const std::string&)> trace_;
  std::chrono::nanoseconds before_{0};   // time before the process that lives
  simulated_cluster* cluster_ = nullptr; // the process that lives
  faulty_disk disk_;
  sim_store store_{plan_};
  run_result result_;
  outside_checks checks_;
  checkpoint_liveness liveness_{plan_, result_.problems};
  bool died_ = false;
  bool forgotten_ = false; // since the last process began

  // Of the process that lives.
  std::map<caf::actor_id, caf::actor_addr> actors_;
  std::optional<cut_link> cut_;
  std::list<late_message> late_;
  report_journal journal_;
  std::optional<std::uint64_t> death_after_; // so many reports
  bool told_to_stop_ = false;
  std::uint64_t slow_before_ = 0; // times that its disk was slow
};

} // namespace flow::sim
