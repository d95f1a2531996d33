#pragma once

#include <chrono>

#include "libflow/core/assert.hpp"
#include "libflow/core/timestamp.hpp"

namespace flow {

/// Tells when a source or split has been without records for longer than a
/// timeout. It is asked at probes, usually once per watermark interval; a
/// timeout d is noticed between d and d + 3 intervals after the last record:
/// the first probe sees the record, the second starts the measurement, and
/// the time measured has to exceed d.
///
/// Time during which the owner could not read, because of backpressure,
/// alignment or work of its own, does not count: see pause().
///
/// Owner: the source or the operator; one thread. All times are of the steady
/// clock.
class idleness_detector {
public:
  using nanoseconds = std::chrono::nanoseconds;

  /// @pre timeout > 0
  explicit idleness_detector(duration_ms timeout) : timeout_(timeout) {
    FLOW_ASSERT(timeout.count() > 0, "an idle timeout is positive");
  }

  /// A record arrived.
  void on_activity() noexcept {
    seen_ = true;
    idle_ = false;
  }

  /// @return true when the stream turned idle with this probe
  [[nodiscard]] bool probe(nanoseconds now) noexcept {
    if (idle_)
      return false;
    if (seen_) {
      seen_ = false;
      measuring_ = false;
      return false;
    }
    const nanoseconds time = counted(now);
    if (!measuring_) {
      measuring_ = true;
      quiet_since_ = time;
      return false;
    }
    idle_ = time - quiet_since_ > timeout_;
    return idle_;
  }

  /// From `now` until resume() time does not count. Repetitions are ignored.
  void pause(nanoseconds now) noexcept {
    if (!paused_)
      paused_at_ = now;
    paused_ = true;
  }

  void resume(nanoseconds now) noexcept {
    if (paused_)
      not_counted_ += now - paused_at_;
    paused_ = false;
  }

  [[nodiscard]] bool idle() const noexcept { return idle_; }

private:
  [[nodiscard]] nanoseconds counted(nanoseconds now) const noexcept {
    return (paused_ ? paused_at_ : now) - not_counted_;
  }

  nanoseconds timeout_;
  nanoseconds not_counted_{0}; // paused so far
  nanoseconds paused_at_{0};   // when paused
  nanoseconds quiet_since_{0}; // when measuring, in counted time
  bool paused_ = false;
  bool measuring_ = false;
  bool seen_ = false; // a record since the last probe
  bool idle_ = false;
};

} // namespace flow
