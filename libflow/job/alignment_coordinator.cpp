#include "libflow/job/alignment_coordinator.hpp"

#include <algorithm>
#include <utility>

namespace flow {

alignment_coordinator::alignment_coordinator(const execution_graph& graph) {
  std::uint32_t task = 0;
  for (const subtask_id id : graph.subtasks()) {
    for (const auto& each : graph.job().vertex(id.vertex).operators) {
      if (!each.node.alignment)
        continue;
      const alignment_options& how = *each.node.alignment;
      group& of = groups_[how.group];
      of.interval = std::min<nanoseconds>(of.interval, how.update_interval);
      of.members[task] = {how.max_drift.count(), max_timestamp};
      groups_of_[task] = &of;
    }
    ++task;
  }
}

void alignment_coordinator::started(std::uint32_t task) {
  group* const of = group_of(task);
  if (of == nullptr)
    return;
  of->members[task].told = max_timestamp;
  of->changed = true;
  of->next = nanoseconds{0};
}

void alignment_coordinator::report(std::uint32_t task, timestamp mark) {
  group* const of = group_of(task);
  if (of == nullptr)
    return;
  if (mark == min_timestamp)
    of->marks.forget(task);
  else
    of->marks.report(task, mark);
  of->changed = true;
}

void alignment_coordinator::ended(std::uint32_t task) {
  report(task, min_timestamp);
}

std::vector<alignment_coordinator::announcement>
alignment_coordinator::due(nanoseconds now) {
  std::vector<announcement> result;
  for (auto& [name, of] : groups_) {
    if (!of.changed || now < of.next)
      continue;
    of.changed = false;
    const timestamp lowest = of.marks.lowest();
    for (auto& [task, each] : of.members) {
      const timestamp limit = saturating_add(lowest, each.max_drift);
      if (std::exchange(each.told, limit) == limit)
        continue;
      result.push_back({task, limit});
      of.next = now + of.interval;
    }
  }
  return result;
}

alignment_coordinator::nanoseconds
alignment_coordinator::next_deadline() const {
  nanoseconds result = nanoseconds::max();
  for (const auto& [name, of] : groups_)
    if (of.changed)
      result = std::min(result, of.next);
  return result;
}

alignment_coordinator::group*
alignment_coordinator::group_of(std::uint32_t task) {
  const auto found = groups_of_.find(task);
  return found == groups_of_.end() ? nullptr : found->second;
}

} // namespace flow
