#pragma once

#include <deque>
#include <functional>
#include <utility>

#include "libflow/core/executor.hpp"
#include "test/sim/fault_plan.hpp"

namespace flow::sim {

/// Work that would go to other threads waits here until the seed picks it; two
/// pieces may change places.
/// Owner: one simulated process; what is left at its end is never done.
class seeded_executor final : public executor {
public:
  void run(std::function<void()> work) override {
    waiting_.push_back(std::move(work));
  }

  [[nodiscard]] bool has_work() const noexcept { return !waiting_.empty(); }

  void run_one(fault_plan& plan) {
    std::swap(waiting_.front(), waiting_[plan.below(waiting_.size())]);
    const auto work = std::move(waiting_.front());
    waiting_.pop_front();
    work();
  }

private:
  std::deque<std::function<void()>> waiting_;
};

} // namespace flow::sim
