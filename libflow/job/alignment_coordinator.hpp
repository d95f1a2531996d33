#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "libflow/graph/execution_graph.hpp"
#include "libflow/time/watermark_alignment.hpp"

namespace flow {

/// Keeps the aligned sources of a job in step: hears how far each has come, and
/// says how far each may go: the lowest watermark of its group and its own
/// drift. Tasks are numbered as execution_graph::subtasks() lists them; what is
/// said of one that is not aligned changes nothing.
///
/// A task that has failed holds its group where it was until its next attempt
/// tells where it is, so that nobody runs away meanwhile.
///
/// Owner: the job manager. @thread one. Cost of due(): the groups in which
/// something has changed, each at most once in its members' shortest interval.
class alignment_coordinator {
public:
  using nanoseconds = std::chrono::nanoseconds;

  /// What a task is to be told.
  struct announcement {
    std::uint32_t task = 0;
    timestamp limit = max_timestamp;

    friend bool operator==(const announcement&, const announcement&) = default;
  };

  explicit alignment_coordinator(const execution_graph& graph);
  alignment_coordinator(const alignment_coordinator&) = delete;
  alignment_coordinator& operator=(const alignment_coordinator&) = delete;
  ~alignment_coordinator() = default;

  /// An attempt of the task begins: it knows of no limit and is to be told.
  void started(std::uint32_t task);

  /// @param mark its watermark; min_timestamp: none yet; max_timestamp: it
  ///        holds nobody back
  void report(std::uint32_t task, timestamp mark);

  /// The task will not go on: it holds nobody back.
  void ended(std::uint32_t task);

  /// The limits that are to be told now, counted as told.
  /// @param now of the steady clock
  [[nodiscard]] std::vector<announcement> due(nanoseconds now);

  /// When due() has something again; the largest value: not before something
  /// else is heard.
  [[nodiscard]] nanoseconds next_deadline() const;

private:
  struct member {
    std::int64_t max_drift = 0; // ms
    timestamp told = max_timestamp;
  };
  struct group {
    alignment_group marks{duration_ms{0}};
    std::map<std::uint32_t, member> members;   // by task
    nanoseconds interval = nanoseconds::max(); // the shortest of its members
    nanoseconds next{0};                       // earliest announcement
    bool changed = false;                      // since due() looked at it
  };

  [[nodiscard]] group* group_of(std::uint32_t task);

  std::map<std::string, group> groups_;
  std::map<std::uint32_t, group*> groups_of_; // by task, into groups_
};

} // namespace flow
