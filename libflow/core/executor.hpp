#pragma once

#include <functional>

namespace flow {

/// Where work goes that may block or take long, away from the threads that
/// records flow on: the only way to another thread for code that is no actor.
/// Owner: the composition root; outlives all that use it.
/// @thread any
class executor {
public:
  virtual ~executor() = default;

  /// Has `work` done later, or, in tests, at once. It must not throw. Work
  /// given one after the other may be done side by side and in any order.
  virtual void run(std::function<void()> work) = 0;
};

/// Does everything at once, in the caller's thread. For tests.
class inline_executor final : public executor {
public:
  void run(std::function<void()> work) override { work(); }
};

} // namespace flow
