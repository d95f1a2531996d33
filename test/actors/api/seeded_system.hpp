#pragma once

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/atom.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include <random>
#include <utility>

/// An actor system in one thread, whose actors take turns as a seed says: one
/// message a turn.
class seeded_system {
public:
  explicit seeded_system(std::uint64_t seed) : order_(seed) {}

  [[nodiscard]] caf::actor_system& get() { return system_; }

  /// Until no actor has a message.
  void run() {
    auto& turns =
      dynamic_cast<caf::scheduler::test_coordinator&>(system_.scheduler());
    while (turns.has_job()) {
      std::swap(turns.jobs[0], turns.jobs[order_() % turns.jobs.size()]);
      turns.run_once();
    }
  }

private:
  class config : public caf::actor_system_config {
  public:
    config() { set("scheduler.policy", caf::atom("testing")); }
  };

  std::mt19937_64 order_;
  config config_;
  caf::actor_system system_{config_};
};
