#pragma once

#include <chrono>

#include "libflow/core/assert.hpp"
#include "libflow/core/timestamp.hpp"

namespace flow {

/// The only way to the time. Owner: whoever composes the process or the test;
/// outlives everything that was given a reference.
class clock {
public:
  virtual ~clock() = default;

  /// Wall-clock time in ms since 1970. May jump. For processing time.
  /// @thread any
  [[nodiscard]] virtual timestamp now() const = 0;

  /// Time since some start; never goes backwards. For deadlines and durations.
  /// @thread any
  [[nodiscard]] virtual std::chrono::nanoseconds steady() const = 0;
};

/// The clocks of the operating system.
class system_clock final : public clock {
public:
  [[nodiscard]] timestamp now() const override {
    return std::chrono::duration_cast<duration_ms>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
  }
  [[nodiscard]] std::chrono::nanoseconds steady() const override {
    return std::chrono::steady_clock::now().time_since_epoch();
  }
};

/// Stands still until told. For tests and simulation.
/// @thread one
class manual_clock final : public clock {
public:
  explicit manual_clock(timestamp now = 0) : now_(duration_ms{now}) {}

  [[nodiscard]] timestamp now() const override {
    return std::chrono::floor<duration_ms>(now_).count();
  }
  [[nodiscard]] std::chrono::nanoseconds steady() const override {
    return steady_;
  }

  /// Both clocks go on.
  /// @pre by >= 0
  void advance(std::chrono::nanoseconds by) {
    FLOW_ASSERT(by.count() >= 0, "a steady clock does not go backwards");
    now_ += by;
    steady_ += by;
  }

  /// The wall clock jumps; the steady one does not notice.
  void set_now(timestamp now) { now_ = duration_ms{now}; }

private:
  std::chrono::nanoseconds now_;
  std::chrono::nanoseconds steady_{0};
};

} // namespace flow
