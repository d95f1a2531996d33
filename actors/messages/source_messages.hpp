#pragma once

#include "actors/support/caf.hpp"
#include "libflow/core/error.hpp"
#include "libflow/functions/source.hpp"

/// Source subtask <-> source coordinator.
///
///   (nextsplit_atom, subtask index)   subtask -> coordinator
///   (split_atom, split_bytes)         the answer: a split
///   (nosplits_atom)                   the answer: there is nothing left
///   (splitfail_atom, error)           the answer: splits cannot be made
namespace flow {

FLOW_ATOM(nextsplit)
FLOW_ATOM(split)
FLOW_ATOM(nosplits)
FLOW_ATOM(splitfail)

struct split_bytes {
  byte_string bytes;
};

} // namespace flow

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(flow::split_bytes)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(flow::error)
