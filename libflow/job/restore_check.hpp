#pragma once

#include <cstdint>
#include <map>

#include "libflow/checkpoint/checkpoint_metadata.hpp"
#include "libflow/core/error.hpp"
#include "libflow/graph/job_graph.hpp"

namespace flow {

/// Whether a job can go on from a checkpoint. Pure; any thread.
///
/// Operators find their state by uid. State that has no operator is an error
/// that names it, unless `drop_unclaimed`. A stateful vertex keeps the max
/// parallelism that its keyed state was cut by: one that the author set to
/// something else is an error, and so is a parallelism above it.
/// @return for each vertex whose max parallelism has to change, the recorded
/// one
/// Errors: incompatible, with everything that does not fit, one line each.
[[nodiscard]] expected<std::map<vertex_id, std::uint32_t>>
check_restore(const checkpoint_metadata& from, const job_graph& job,
              bool drop_unclaimed);

} // namespace flow
