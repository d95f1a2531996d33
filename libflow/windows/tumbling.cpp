#include "libflow/windows/tumbling.hpp"

#include <string>

namespace flow {

expected<tumbling_windows> tumbling_windows::make(duration_ms size,
                                                  duration_ms offset) {
  const timestamp length = size.count();
  const timestamp shift = offset.count();
  if (length <= 0)
    return error{error_code::invalid_argument,
                 "a tumbling window needs a size above 0, got "
                   + std::to_string(length) + " ms"};
  if (shift <= -length || shift >= length)
    return error{error_code::invalid_argument,
                 "the offset of a tumbling window must be shorter than its "
                 "size of "
                   + std::to_string(length) + " ms, got "
                   + std::to_string(shift) + " ms"};
  return tumbling_windows{length, shift};
}

} // namespace flow
