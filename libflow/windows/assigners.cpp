#include "libflow/windows/assigners.hpp"

namespace flow {

namespace {

error refused(const char* windows, const std::string& rule, duration_ms got) {
  return {error_code::invalid_argument,
          std::string{windows} + " " + rule + ", got "
            + std::to_string(got.count()) + " ms"};
}

} // namespace

expected<sliding_windows> sliding_windows::make(duration_ms size,
                                                duration_ms slide,
                                                duration_ms offset,
                                                time_domain domain) {
  if (size.count() <= 0)
    return refused("sliding windows", "need a size above 0", size);
  if (slide.count() <= 0)
    return refused("sliding windows", "need a slide above 0", slide);
  if (offset <= -slide || offset >= slide)
    return refused("sliding windows",
                   "need an offset shorter than their slide of "
                     + std::to_string(slide.count()) + " ms",
                   offset);
  return sliding_windows{size.count(), slide.count(), offset.count(), domain};
}

expected<sliding_windows> sliding_windows::make_tumbling(duration_ms size,
                                                         duration_ms offset,
                                                         time_domain domain) {
  if (size.count() <= 0)
    return refused("tumbling windows", "need a size above 0", size);
  if (offset <= -size || offset >= size)
    return refused("tumbling windows",
                   "need an offset shorter than their size of "
                     + std::to_string(size.count()) + " ms",
                   offset);
  return sliding_windows{size.count(), size.count(), offset.count(), domain};
}

expected<session_windows> session_windows::make(duration_ms gap,
                                                time_domain domain) {
  if (gap.count() <= 0)
    return refused("session windows", "need a gap above 0", gap);
  return session_windows{gap.count(), domain};
}

} // namespace flow
