#pragma once

#include "actors/support/caf.hpp"
#include "libflow/exchange/stream_element.hpp"

/// Between subtasks. Data and credit of one channel, in opposite directions:
///
///   (std::uint32_t channel, std::uint64_t sequence, stream_element)
///       to the consumer; `channel` as its gate counts. First in its behaviour:
///       two integers in front make the match cheap.
///   (credit_atom, std::uint32_t port, std::uint32_t channel,
///    std::uint32_t credits)
///       to the producer; `port` and `channel` as it counts.
///
/// Normal priority, so that CAF keeps the order per pair of actors. Elements
/// stay within the process: they are moved, never serialized.
namespace flow {

FLOW_ATOM(credit)

} // namespace flow

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(flow::stream_element)
