#pragma once

/// Tests of jobs and of their functions: link `flow::testing`. The harness
/// drives the operator that a job would run, without a cluster; see
/// docs/testing.md.
#include "libflow/testing/harness_of.hpp"
#include "libflow/testing/operator_harness.hpp"
