#pragma once

#include <cstdint>

namespace flow {

/// Which time a timer or a window is in: that of the records' timestamps, or
/// that of the clock.
enum class time_domain : std::uint8_t { event, processing };

} // namespace flow
