#pragma once

#include <caf/scheduler/test_coordinator.hpp>

#include <functional>
#include <random>
#include <utility>

#include "actors/dispatcher/dispatcher_actor.hpp"
#include "actors/resource_manager/resource_manager_actor.hpp"
#include "actors/task_manager/task_manager_actor.hpp"
#include "libflow/flow.hpp"

namespace flow {

/// An actor system that does nothing by itself: its actors run one message at
/// a time in the test's thread, and its time is the test's.
class simulation {
public:
  simulation() {
    context.time = &time;
    context.metrics = &metrics;
    context.background = &background;
    context.encoders = &background;
    context.detach = false;
  }

  /// Runs until no actor has a message, in the order of sending.
  void run() {
    while (scheduler().has_job())
      scheduler().run_once();
  }

  /// Lets one actor, picked at random, take one message.
  template <class Random>
  void run_one(Random& random) {
    auto& jobs = scheduler().jobs;
    std::swap(jobs.front(), jobs[random() % jobs.size()]);
    scheduler().run_once();
  }

  void advance(std::chrono::milliseconds by) {
    time.advance(by);
    scheduler().advance_time(by);
  }

  caf::scheduler::test_coordinator& scheduler() {
    return dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler());
  }

  manual_clock time;
  metric_registry metrics;
  inline_executor background;
  worker_context context;

private:
  struct config_type : caf::actor_system_config {
    config_type() { set("scheduler.policy", caf::atom("testing")); }
  };
  config_type config_;

public:
  caf::actor_system system{config_};
};

/// A whole cluster for one job in the test's thread.
class simulated_cluster {
public:
  /// @param prepare  changes what the actors share, before there are any
  /// @param start  where the job's checkpoints begin
  simulated_cluster(
    std::shared_ptr<const job_graph> graph, const job_options& options,
    std::uint32_t slots = 16,
    const std::function<void(simulation&)>& prepare = [](simulation&) {},
    checkpoint_start start = {}) {
    prepare(world);
    auto& system = world.system;
    resource_manager_ = system.spawn<resource_manager_actor>();
    task_manager_ = system.spawn<task_manager_actor>(
      world.context, resource_manager_, 0U, slots);
    dispatcher_ =
      system.spawn<dispatcher_actor>(world.context, resource_manager_);
    client_ = system.spawn([this](caf::event_based_actor*) -> caf::behavior {
      return {
        [this](accepted_atom, const caf::actor& manager) {
          job_manager = manager;
        },
        [this](jobended_atom, const job_end& ended) { end = ended; },
      };
    });
    world.run(); // the worker is known before the job is submitted
    caf::anon_send(
      dispatcher_, submit_atom::value,
      submission{std::move(graph), options, std::move(start), client_});
  }

  ~simulated_cluster() {
    job_manager = {};
    for (const auto& actor : {dispatcher_, task_manager_, resource_manager_})
      caf::anon_send(actor, cancel_atom::value);
    caf::anon_send_exit(client_, caf::exit_reason::user_shutdown);
    world.run();
  }

  /// Runs in an order drawn from `random` until the job has ended; lets time
  /// pass when nobody has anything to do.
  /// @return false when it has not ended after `steps` messages
  template <class Random>
  bool run_to_end(Random& random, int steps = 2'000'000) {
    for (int i = 0; i < steps && !end; ++i)
      step(random);
    return end.has_value();
  }

  template <class Random>
  void step(Random& random) {
    if (world.scheduler().has_job())
      world.run_one(random);
    else
      world.advance(std::chrono::milliseconds{5});
  }

  simulation world;
  caf::actor job_manager;
  std::optional<job_end> end;

private:
  caf::actor resource_manager_;
  caf::actor task_manager_;
  caf::actor dispatcher_;
  caf::actor client_;
};

} // namespace flow
