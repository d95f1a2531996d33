#pragma once

/// Tests of jobs and of their functions: link `flow::testing`. The harness
/// drives the operator that a job would run, without a cluster; see
/// docs/testing.md.
#include "libflow/testing/harness_of.hpp"
#include "libflow/testing/keyed_state_harness.hpp"
#include "libflow/testing/operator_harness.hpp"

/// And the pieces that are tested by themselves.
#include "libflow/core/key_group.hpp"
#include "libflow/exchange/barrier_aligner.hpp"
#include "libflow/exchange/barrier_tracker.hpp"
#include "libflow/exchange/routers.hpp"
#include "libflow/operators/snapshot_parts.hpp"
#include "libflow/state/redistribute.hpp"
#include "libflow/time/watermark_generator.hpp"
#include "libflow/time/watermark_multiplexer.hpp"
#include "libflow/time/watermark_valve.hpp"
#include "libflow/windows/assigners.hpp"
#include "libflow/windows/merge_windows.hpp"
