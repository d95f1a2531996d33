#pragma once

#include <optional>
#include <string>

#include "libflow/graph/stream_graph.hpp"

namespace flow {

/// Which operators run as one: in one actor, a record going from one to the
/// next by a call. Two are chained when every rule below allows it; the first
/// that does not is the reason given:
///
/// - chaining is on in the job's options
/// - nothing waits for the end of this stream (wait_for)
/// - the edge is a forward edge
/// - both have the same parallelism, and the same max parallelism
/// - the lower one has this edge as its only input
/// - the lower one's strategy is `always`
/// - both are in the same slot sharing group
/// - the upper one's strategy is not `never`
///
/// An operator may have several chained to it: a chain is a tree whose head
/// alone has inputs from outside.

/// Why the edge's two operators are not chained: the first rule that forbids
/// it, as one clause ("the exchange is hash"); none when they are chained.
/// Pure; any thread. Cost: the edges of the graph.
[[nodiscard]] std::optional<std::string>
why_not_chained(const stream_graph& graph, const stream_edge& edge);

} // namespace flow
