#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libflow/checkpoint/checkpoint_metadata.hpp"
#include "libflow/checkpoint/checkpoint_statistics.hpp"
#include "libflow/core/checkpoint_options.hpp"
#include "libflow/core/error.hpp"

namespace flow {

/// Why a checkpoint was given up.
enum class checkpoint_failure : std::uint8_t {
  declined,   ///< a subtask could not take or write its part
  expired,    ///< it took longer than the timeout
  not_stored, ///< its metadata could not be made durable
  subsumed,   ///< a newer one completed first
  cancelled,  ///< a subtask gave it up because of a newer or a cancelled one
  attempt_failed, ///< the job, or a part of it, failed meanwhile
  partly_ended,   ///< of an operator with a union list some subtasks have ended
};

[[nodiscard]] std::string_view to_string(checkpoint_failure why) noexcept;

/// Whether it counts against `tolerable-failed-checkpoints`.
[[nodiscard]] bool counts(checkpoint_failure why) noexcept;

/// One subtask's part of a checkpoint.
struct checkpoint_ack {
  std::uint32_t task = 0;
  std::uint32_t attempt = 0;
  std::uint64_t checkpoint_id = 0;
  subtask_state state;
  subtask_statistics statistics;
  bool holds_union_list = false; ///< one of its operators does
};

/// One thing that has to be done now, in the order given.
struct checkpoint_step {
  enum class kind : std::uint8_t {
    trigger, ///< tell `tasks` and `coordinators` to take checkpoint `id`
    publish, ///< make `metadata` durable; answer by stored() or store_failed()
    notify_completed,   ///< tell all live tasks and coordinators of `id`
    notify_aborted,     ///< the same, with `failure`
    discard,            ///< remove the completed checkpoint `id`
    discard_unfinished, ///< remove whatever was written of `id`
    fail_job,           ///< the attempt has failed with `cause`
  };
  kind what = kind::trigger;
  std::uint64_t id = 0;
  std::vector<std::uint32_t> tasks{};
  std::vector<std::uint32_t> coordinators{}; ///< by vertex
  std::uint8_t snapshot = 0;                 ///< snapshot_kind of a trigger
  timestamp triggered = 0;                   ///< of a trigger
  checkpoint_failure failure = checkpoint_failure::declined;
  std::optional<error> cause{}; ///< of fail_job, and of partly_ended
  std::shared_ptr<const checkpoint_metadata> metadata{};
};

/// The shape of a job, as far as checkpoints care.
struct checkpoint_plan {
  std::string job_id;
  std::string job_name;
  std::string hash_id;
  /// Operators and parallelism of each vertex; states are filled in.
  std::vector<vertex_state> vertices;
  struct task {
    std::uint32_t vertex = 0;
    std::uint32_t index = 0;
    std::vector<std::uint32_t> producers; ///< tasks upstream, by number
    std::uint32_t region = 0;             ///< what it fails together with
  };
  std::vector<task> tasks; ///< by number
  /// Vertices whose source has a coordinator: it hands the trigger on to its
  /// readers.
  std::vector<std::uint32_t> coordinators;
};

/// Chandy-Lamport's coordinator without any actor: takes what happens, says
/// what to do. Decides when to take a checkpoint, when one is complete, what
/// it makes obsolete, and when failures are too many.
///
/// A checkpoint is complete when every task has acknowledged it or is finished
/// and its metadata is durable; only then is anybody told. One is made durable
/// at a time. Messages of another attempt are dropped, as are those about
/// checkpoints that are not pending.
///
/// Regions of a job start again by themselves, each with attempts of its own.
/// While one does not run no checkpoint is taken; those that were pending are
/// given up.
///
/// A union list gives every subtask the entries of all, and a task that has
/// finished has none: a checkpoint in which some tasks of a vertex that holds
/// one are at their end, and not all, is given up, as is the next, until all
/// are. So none of them finishes before.
///
/// Once all live tasks are at their end a last checkpoint is taken at once,
/// whatever the interval, so that sinks commit their tail. With its completion
/// the job is done: none is taken after it, in which the tasks that have ended
/// since would have no state, and its news is told again and again until all
/// tasks have ended. A job that stops goes on from there some day, so until
/// then no task may end: only the last checkpoint is taken any more.
///
/// Owner: the checkpoint coordinator actor, for the job's life.
/// @thread the owner's alone. Times are of the steady clock but where said.
class checkpoint_coordinator {
public:
  using steps = std::vector<checkpoint_step>;
  using time_point = std::chrono::nanoseconds;

  /// How often the news of the last checkpoint is told.
  static constexpr std::chrono::milliseconds retell_interval{500};
  /// How soon a last checkpoint that failed is taken again; the interval, if
  /// that is shorter.
  static constexpr std::chrono::milliseconds retry_interval{500};

  /// @param next_id of the first checkpoint; above all that exist
  /// @param retained completed ones of this job that exist, oldest first, which
  /// retention counts
  checkpoint_coordinator(checkpoint_options options, checkpoint_plan plan,
                         std::uint64_t next_id,
                         std::vector<std::uint64_t> retained = {});

  /// Tasks of a region's new attempt are being deployed; some may be at their
  /// end before others run.
  steps attempt_begins(std::uint32_t attempt, std::uint32_t region = 0);

  /// All tasks of the attempt run.
  steps attempt_running(std::uint32_t attempt, time_point now,
                        std::uint32_t region = 0);

  /// No task of the region's present attempt is told anything any more.
  steps attempt_ended(std::uint32_t region = 0);

  /// The sources are about to be told to stop. What they acknowledge from then
  /// on may be from behind their end and belongs to the last checkpoint alone.
  /// Holds for all attempts that follow.
  steps job_stops(time_point now);

  /// @param wall the wall clock's time, for the barriers
  steps tick(time_point now, timestamp wall);

  /// When to call tick next; none: an event has to come first.
  [[nodiscard]] std::optional<time_point> wake_at() const;

  /// Takes one now, whatever interval and pause say. None: no attempt runs, it
  /// comes to its end, or as many as allowed are under way.
  std::optional<std::uint64_t> trigger(std::uint8_t snapshot, time_point now,
                                       timestamp wall, steps& out);

  steps acknowledged(checkpoint_ack ack, time_point now);
  steps coordinator_acknowledged(std::uint32_t vertex, std::uint32_t attempt,
                                 std::uint64_t id, std::vector<std::byte> state,
                                 time_point now);

  /// @param counted whether it is a failure rather than a consequence
  steps declined(std::uint32_t task, std::uint32_t attempt, std::uint64_t id,
                 bool counted, const std::string& why, time_point now);

  /// The task has processed all its input and waits for a checkpoint that
  /// commits it.
  steps task_at_end(std::uint32_t task, std::uint32_t attempt, time_point now);

  /// The task has ended well.
  steps task_finished(std::uint32_t task, std::uint32_t attempt,
                      time_point now);

  /// Answers to `publish`.
  steps stored(std::uint64_t id, time_point now);
  steps store_failed(std::uint64_t id, const error& why, time_point now);

  // -- looking at it ----------------------------------------------------------

  /// The newest completed checkpoint of this job; none: none.
  [[nodiscard]] std::optional<std::uint64_t> latest_completed() const {
    return latest_completed_;
  }
  /// Completed ones that are kept, oldest first.
  [[nodiscard]] const std::deque<std::uint64_t>& retained() const noexcept {
    return retained_;
  }
  [[nodiscard]] const checkpoint_history& history() const noexcept {
    return history_;
  }
  [[nodiscard]] std::uint32_t region_count() const noexcept {
    return static_cast<std::uint32_t>(regions_.size());
  }
  /// Of the pending one: the tasks it waits for.
  [[nodiscard]] std::vector<std::uint32_t> awaited() const;

private:
  struct pending {
    std::uint8_t snapshot = 0;
    timestamp triggered = 0; // wall clock
    time_point since{0};
    std::vector<std::optional<subtask_state>> tasks; // by number
    std::set<std::uint32_t> united; // vertices with a union list
    std::map<std::uint32_t, std::optional<std::vector<std::byte>>> coordinators;
    bool publishing = false;
    bool last = false; // all tasks are at their end
  };
  using pending_map = std::map<std::uint64_t, pending>;

  enum class task_stage : std::uint8_t {
    running,
    at_end, ///< waits for a last checkpoint
    finished,
  };

  [[nodiscard]] bool goes_on() const;
  [[nodiscard]] bool may_trigger(time_point now) const;
  [[nodiscard]] bool all_at_end() const;
  [[nodiscard]] bool last_wanted() const;
  void retell_last(time_point now, steps& out);
  static void fail_torn(std::uint64_t last, steps& out);
  std::uint64_t begin(std::uint8_t snapshot, time_point now, timestamp wall,
                      steps& out);
  [[nodiscard]] checkpoint_step trigger_step(std::uint64_t id,
                                             const pending& of) const;
  [[nodiscard]] bool complete(const pending& of) const;
  [[nodiscard]] std::optional<std::uint32_t>
  partly_ended_vertex(const pending& of) const;
  void give_up_partly_ended(time_point now, steps& out);
  void publish_next(time_point now, steps& out);
  [[nodiscard]] std::shared_ptr<const checkpoint_metadata>
  take_metadata(std::uint64_t id, pending& of) const;
  void give_up(pending_map::iterator which, checkpoint_failure why,
               const std::string& text, time_point now, steps& out);
  void subsume_before(std::uint64_t id, time_point now, steps& out);
  void give_up_all(const std::string& why, time_point now, steps& out);
  void retire(steps& out);
  pending_map::iterator find(std::uint32_t region, std::uint32_t attempt,
                             std::uint64_t id);
  [[nodiscard]] std::uint32_t region_of_vertex(std::uint32_t vertex) const;
  [[nodiscard]] bool any_runs() const;

  const checkpoint_options options_;
  const checkpoint_plan plan_;
  std::uint64_t next_id_;
  std::deque<std::uint64_t> retained_; // completed, oldest first
  std::optional<std::uint64_t> latest_completed_;

  struct region_life {
    std::uint32_t attempt = 0;
    bool running = false;
  };

  bool running_ = false; // all regions do
  std::vector<region_life> regions_ = std::vector<region_life>(1); // by number
  std::vector<task_stage> tasks_;
  pending_map pending_;
  std::optional<time_point> due_; // the next periodic one, over all attempts
  std::optional<time_point> last_completed_at_;
  std::uint32_t failures_in_a_row_ = 0;
  bool stopping_ = false;
  std::optional<std::uint64_t> last_; // that all tasks end with; completed
  time_point retell_at_{0};
  time_point last_not_before_{0};
  checkpoint_history history_;
};

} // namespace flow
