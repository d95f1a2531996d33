#pragma once

#include <vector>

#include "libflow/core/error.hpp"
#include "libflow/graph/stream_graph.hpp"

namespace flow {

/// Every rule that a job must meet before it can be planned. Each error is
/// `invalid_job`, fatal, and says what is wrong, at which operator, and what to
/// do; all of them are collected, in the order of the rules below, not only the
/// first. Pure; any thread. Cost: nodes x edges.
///
/// - there is a source, and a sink
/// - every input has a stream; every output is consumed
/// - no uid is empty or given twice; with checkpoints a stateful operator has
/// one
/// - parallelism and max parallelism are within 1..32768, and the former is not
///   above the latter
/// - an operator that is right only as one subtask has parallelism 1
/// - forward joins equal parallelism
/// - inputs that need a key are keyed, those that need a broadcast have one
/// - an input that is waited for is not the only one
///
/// Names may repeat; the job graph makes them unique for display. Cycles and
/// record types that do not fit cannot be written: stream_graph::add_edge
/// asserts.
[[nodiscard]] std::vector<error> find_errors(const stream_graph& graph);

/// All of find_errors as one error, one line each.
expected<void> validate(const stream_graph& graph);

} // namespace flow
