#include "libflow/job/failover_regions.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace flow {

namespace {

/// Disjoint sets of task numbers; the lowest of a set stands for it.
class task_sets {
public:
  explicit task_sets(std::size_t count) : parents_(count) {
    std::iota(parents_.begin(), parents_.end(), 0U);
  }

  std::uint32_t find(std::uint32_t task) {
    while (parents_[task] != task) {
      parents_[task] = parents_[parents_[task]];
      task = parents_[task];
    }
    return task;
  }

  void join(std::uint32_t one, std::uint32_t other) {
    one = find(one);
    other = find(other);
    parents_[std::max(one, other)] = std::min(one, other);
  }

private:
  std::vector<std::uint32_t> parents_;
};

} // namespace

failover_regions::failover_regions(const execution_graph& graph,
                                   std::span<const vertex_id> undivided) {
  const auto subtasks = graph.subtasks();
  const auto number_of = [&](subtask_id subtask) {
    return static_cast<std::uint32_t>(
      std::ranges::lower_bound(subtasks, subtask) - subtasks.begin());
  };
  task_sets sets{subtasks.size()};
  for (std::uint32_t task = 0; task < subtasks.size(); ++task) {
    for (const auto& channel : graph.inputs_of(subtasks[task]))
      sets.join(task, number_of(channel.producer));
    if (std::ranges::find(undivided, subtasks[task].vertex) != undivided.end())
      sets.join(task, number_of({subtasks[task].vertex, 0}));
  }
  region_of_.resize(subtasks.size());
  for (std::uint32_t task = 0; task < subtasks.size(); ++task) {
    const std::uint32_t lowest = sets.find(task);
    if (lowest == task) {
      region_of_[task] = count();
      tasks_.emplace_back();
    } else {
      region_of_[task] = region_of_[lowest];
    }
    tasks_[region_of_[task]].push_back(task);
  }
}

} // namespace flow
