#pragma once

/// The actor-based API: sources that actors feed, sinks that deliver to actors,
/// jobs in the program's own actor system. The only public header with CAF in
/// it; jobs that need none of this include libflow/flow.hpp.

#include "actors/api/ask_actor.hpp"
#include "actors/api/from_actor.hpp"
#include "actors/api/job_control.hpp"
#include "actors/api/repeating_sender.hpp"
#include "actors/api/source_sender.hpp"
#include "actors/api/to_actor.hpp"
#include "actors/support/runtime_config.hpp"
#include "libflow/api/job_signals.hpp"
#include "libflow/flow.hpp"
