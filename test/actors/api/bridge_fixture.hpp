#pragma once

#include <doctest/doctest.h>

#include <caf/scoped_actor.hpp>
#include <caf/stateful_actor.hpp>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "actors/flow_actors.hpp"

/// Actors around a real job, with deadlines.
namespace bridge {

using namespace std::chrono_literals;

inline constexpr std::chrono::seconds deadline{20};

inline flow::job_options named(std::string name) {
  flow::job_options options;
  options.job_name = std::move(name);
  return options;
}

/// The actor system of a test. Environments, handles and jobs of the test are
/// declared behind it.
struct program {
  flow::runtime_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
};

/// What a feeding actor tells the test. Written by the actor.
struct feed_facts {
  std::atomic<std::int64_t> sent{0};
  std::atomic<std::uint64_t> chunks{0};
  std::atomic<std::uint32_t> smallest_chunk{~0U};
  std::atomic<bool> full{false};
};

struct feeder_state {
  std::optional<flow::source_sender<std::int64_t>> out;
};

/// Sends 0, 1, ... up to `count` within its window, then closes the source if
/// asked to.
inline caf::behavior feed(caf::stateful_actor<feeder_state>* self,
                          flow::source_handle<std::int64_t> to,
                          std::int64_t count, bool close,
                          std::shared_ptr<feed_facts> facts) {
  self->state.out.emplace(std::move(to));
  self->state.out->attach(self);
  return {
    [=](const flow::source_credit& credit) {
      auto& out = *self->state.out;
      if (out.sent() > 0) {
        ++facts->chunks;
        facts->smallest_chunk =
          std::min(facts->smallest_chunk.load(), credit.credits);
      }
      out.on_credit(credit);
      while (facts->sent < count && out.offer(self, facts->sent.load()))
        ++facts->sent;
      facts->full = out.full();
      if (facts->sent == count && close)
        flow::close(self, out.handle());
    },
    [=](const flow::source_refused&) {},
    [=](const flow::source_closed& closed) {
      self->state.out->on_closed(closed);
    },
  };
}

/// What a receiving actor tells the test.
struct receive_facts {
  std::atomic<std::uint64_t> records{0};
  std::atomic<std::uint32_t> unacknowledged{0};
  std::atomic<std::uint32_t> most_unacknowledged{0};
  std::vector<std::int64_t> values; // read once the job has ended
};

FLOW_ATOM(release)

struct receiver_state {
  bool holding = false;
  std::vector<flow::delivery<std::int64_t>> held;
};

/// Takes deliveries; while `holding` acknowledges none, until told to release
/// them.
inline caf::behavior take(caf::stateful_actor<receiver_state>* self,
                          bool holding, std::shared_ptr<receive_facts> facts) {
  self->state.holding = holding;
  return {
    [=](const flow::delivery<std::int64_t>& each) {
      facts->records += each.values().size();
      facts->values.insert(facts->values.end(), each.values().begin(),
                           each.values().end());
      facts->most_unacknowledged =
        std::max(facts->most_unacknowledged.load(), ++facts->unacknowledged);
      if (self->state.holding) {
        self->state.held.push_back(each);
        return;
      }
      --facts->unacknowledged;
      flow::acknowledge(self, each);
    },
    [=](release_atom) {
      self->state.holding = false;
      for (const auto& each : self->state.held) {
        --facts->unacknowledged;
        flow::acknowledge(self, each);
      }
      self->state.held.clear();
    },
  };
}

/// Asks the job until `done` holds of its status.
template <class Done>
bool eventually(caf::scoped_actor& self, const flow::job_control& job,
                Done done) {
  const auto until = std::chrono::steady_clock::now() + deadline;
  bool result = false;
  while (!result && std::chrono::steady_clock::now() < until)
    self->request(job.actor(), deadline, flow::status_atom::value)
      .receive(
        [&](const flow::job_status_report& report) { result = done(report); },
        [](const caf::error&) {});
  return result;
}

} // namespace bridge
