#pragma once

#include <cstdint>
#include <vector>

#include "libflow/graph/execution_graph.hpp"

namespace flow {

/// Numbers the channels of a job from 0, by consumer, then by input channel:
/// how both ends of a link name a channel. Equal wherever the graph is.
/// Cost: made once, a word a subtask.
class channel_numbers {
public:
  explicit channel_numbers(const execution_graph& graph) {
    std::uint32_t next = 0;
    for (const subtask_id each : graph.subtasks()) {
      first_.push_back(next);
      next += static_cast<std::uint32_t>(graph.inputs_of(each).size());
    }
  }

  /// @param task number of the consumer
  [[nodiscard]] std::uint32_t of(std::uint32_t task,
                                 std::uint32_t input_channel) const {
    return first_[task] + input_channel;
  }

private:
  std::vector<std::uint32_t> first_; // by task
};

} // namespace flow
