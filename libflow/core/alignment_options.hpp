#pragma once

#include <string>

#include "libflow/core/timestamp.hpp"

namespace flow {

/// How a source keeps step in event time with the others of its group.
struct alignment_options {
  std::string group; ///< not empty; sources of the same job that name it
  /// How far its watermark may be above the lowest of the group; not negative.
  duration_ms max_drift{0};
  /// How often it tells where it is, at most; above 0.
  duration_ms update_interval{1000};

  friend bool operator==(const alignment_options&,
                         const alignment_options&) = default;
};

} // namespace flow
