#include "libflow/operators/source_alignment.hpp"

#include <utility>

namespace flow {

bool source_alignment::holds(nanoseconds now) {
  if (const timestamp mark = watermarks_.reached(); mark != min_timestamp)
    source_.advance(mark);
  const bool held = source_.paused() && !watermarks_.silent();
  if (held != std::exchange(held_, held))
    watermarks_.hold(held, now);
  return held;
}

std::optional<timestamp> source_alignment::take_report(nanoseconds now) {
  const timestamp mark = to_report();
  if (reported_ == mark || now < next_)
    return std::nullopt;
  reported_ = mark;
  next_ = now + interval_;
  return mark;
}

source_alignment::nanoseconds source_alignment::next_report() const {
  return reported_ == to_report() ? nanoseconds::max() : next_;
}

std::optional<std::int64_t> source_alignment::drift() const {
  const timestamp mark = watermarks_.reached();
  if (limit_ == max_timestamp || mark == min_timestamp)
    return std::nullopt;
  const timestamp lowest = saturating_add(limit_, -max_drift_);
  return mark > lowest ? mark - lowest : 0;
}

timestamp source_alignment::to_report() const {
  return watermarks_.silent() ? max_timestamp : watermarks_.reached();
}

} // namespace flow
