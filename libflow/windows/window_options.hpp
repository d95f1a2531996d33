#pragma once

#include <optional>

#include "libflow/core/output_tag.hpp"
#include "libflow/core/timestamp.hpp"

namespace flow {

/// What the author of a windowed stream says beside its function.
template <class In>
struct window_options {
  /// How long after its completion a window still accepts records.
  duration_ms allowed_lateness{0};
  /// Where records go that come too late; dropped without one.
  std::optional<output_tag<In>> late_output;
};

} // namespace flow
