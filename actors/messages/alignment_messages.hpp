#pragma once

#include <cstdint>

#include "actors/support/caf.hpp"
#include "libflow/core/timestamp.hpp"

/// Source subtasks that keep step in event time <-> job manager.
///
///   (wmreport_atom, task_watermark)  subtask -> job manager: how far it is
///   (wmlimit_atom, timestamp)        job manager -> subtask: above this
///                                    watermark it does not read on
namespace flow {

FLOW_ATOM(wmreport)
FLOW_ATOM(wmlimit)

struct task_watermark {
  std::uint32_t task = 0;
  std::uint32_t attempt = 0;
  /// min_timestamp: none yet; max_timestamp: it holds nobody back.
  timestamp mark = min_timestamp;
};

} // namespace flow

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(flow::task_watermark)
