#pragma once

#include <cstdint>

namespace flow {

/// Which time a timer or a window is in: that of the records' timestamps, or
/// that of the clock.
enum class time_domain : std::uint8_t { event, processing };

/// Which time a job is about, where it does not say more precisely.
enum class time_characteristic : std::uint8_t {
  event,      ///< that of the records' timestamps
  ingestion,  ///< that at which a source has read a record
  processing, ///< that at which an operator gets a record
};

} // namespace flow
