#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "actors/messages/task_plan.hpp"
#include "libflow/operators/user_error.hpp"

namespace flow {

/// Lets others see in whose code a subtask is and for how long. Shared by the
/// subtask and its task manager.
/// @thread scopes: the subtask's; the rest: any
class step_watch {
public:
  using nanoseconds = std::chrono::nanoseconds;

  explicit step_watch(task_place place) : place_(std::move(place)) {}

  /// The subtask is at work while this lives.
  class scope {
  public:
    scope(step_watch& watch, nanoseconds now) noexcept;
    scope(const scope&) = delete;
    scope& operator=(const scope&) = delete;
    ~scope();

  private:
    step_watch& watch_;
  };

  /// Which operator's name has which address; called once, before any step.
  void know(std::vector<const std::string*> names) {
    names_ = std::move(names);
  }

  /// For how long the present piece of work has lasted; none: it waits.
  [[nodiscard]] std::optional<nanoseconds> busy_for(nanoseconds now) const;

  /// "operator \"x\"" when in its user code, else "task \"a -> b\"".
  [[nodiscard]] std::string where() const;

  /// Counts the pieces of work, so that one is reported once.
  [[nodiscard]] std::uint64_t number() const noexcept {
    return number_.load(std::memory_order_relaxed);
  }

  [[nodiscard]] const task_place& place() const noexcept { return place_; }

private:
  static constexpr std::int64_t waits = -1;

  const task_place place_; // keeps the graph, and so the names, alive
  std::vector<const std::string*> names_; // compared, never looked into
  user_code_mark mark_{nullptr};
  std::atomic<std::int64_t> since_{waits};
  std::atomic<std::uint64_t> number_{0};
};

} // namespace flow
