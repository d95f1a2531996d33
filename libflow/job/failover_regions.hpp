#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "libflow/graph/execution_graph.hpp"

namespace flow {

/// The subtasks of a job in regions: two are in one if a channel connects them,
/// directly or by way of others. What fails takes its region with it and no
/// other: nothing that another region has sent or will receive is touched.
///
/// Tasks are numbered as execution_graph::subtasks() lists them; regions from 0
/// by their lowest task.
/// Cost: made once, O(channels).
/// @thread constant once made
class failover_regions {
public:
  /// @param undivided vertices whose subtasks hang together without a channel:
  ///        the coordinator of a source hands splits to all of its readers
  failover_regions(const execution_graph& graph,
                   std::span<const vertex_id> undivided);

  /// At least 1.
  [[nodiscard]] std::uint32_t count() const noexcept {
    return static_cast<std::uint32_t>(tasks_.size());
  }

  [[nodiscard]] std::uint32_t of_task(std::uint32_t task) const {
    return region_of_.at(task);
  }

  /// In ascending order; never empty.
  [[nodiscard]] const std::vector<std::uint32_t>&
  tasks_of(std::uint32_t region) const {
    return tasks_.at(region);
  }

  [[nodiscard]] std::size_t task_count() const noexcept {
    return region_of_.size();
  }

private:
  std::vector<std::uint32_t> region_of_;          // by task
  std::vector<std::vector<std::uint32_t>> tasks_; // by region
};

} // namespace flow
