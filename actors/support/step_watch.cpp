#include "actors/support/step_watch.hpp"

#include <algorithm>

namespace flow {

step_watch::scope::scope(step_watch& watch, nanoseconds now) noexcept
  : watch_(watch) {
  current_user_code = &watch.mark_;
  watch.number_.fetch_add(1, std::memory_order_relaxed);
  watch.since_.store(now.count(), std::memory_order_release);
}

step_watch::scope::~scope() {
  watch_.since_.store(waits, std::memory_order_release);
  current_user_code = nullptr;
}

std::optional<step_watch::nanoseconds>
step_watch::busy_for(nanoseconds now) const {
  const std::int64_t since = since_.load(std::memory_order_acquire);
  if (since == waits)
    return std::nullopt;
  return std::max(now - nanoseconds{since}, nanoseconds{0});
}

std::string step_watch::where() const {
  const std::string* mark = mark_.load(std::memory_order_relaxed);
  const job_vertex& vertex = place_.vertex();
  for (std::size_t i = 0; mark != nullptr && i < names_.size(); ++i)
    if (names_[i] == mark)
      return "operator \"" + vertex.operators[i].name + "\"";
  return "task \"" + vertex.name + "\"";
}

} // namespace flow
