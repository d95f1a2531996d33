#pragma once

/// All that a job needs: include this file alone and link flow::runtime.
///
/// It brings in neither CAF nor any other library with sockets, JSON or
/// command lines. The actor-based API is `actors/flow_actors.hpp`.

#include "libflow/api/async_stream.hpp"
#include "libflow/api/common_types.hpp"
#include "libflow/api/connected_streams.hpp"
#include "libflow/api/data_stream.hpp"
#include "libflow/api/keyed_stream.hpp"
#include "libflow/api/stream_environment.hpp"
#include "libflow/api/window_joins.hpp"
#include "libflow/api/windowed_stream.hpp"
#include "libflow/operators/user_error.hpp"
