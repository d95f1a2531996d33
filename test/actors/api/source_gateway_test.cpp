#include "actors/api/source_gateway.hpp"

#include <doctest/doctest.h>

#include <random>

#include "actors/api/source_sender.hpp"
#include "test/actors/api/seeded_system.hpp"
#include "test/support/test_seed.hpp"

namespace {

constexpr std::uint32_t window = 16;

/// What a feeding actor has heard, and what it does about it.
struct feeder {
  explicit feeder(flow::source_handle<int> to) : out(std::move(to)) {}

  flow::source_sender<int> out;
  int next = 0;
  int last = 0;
  std::vector<int> bulk; ///< sent as a whole with the first credit
  std::vector<std::uint32_t> credits;
  std::vector<int> refused;
  int closed = 0;
};

caf::behavior feed_gateway(caf::event_based_actor* self, feeder* state) {
  state->out.attach(self);
  return {
    [=](const flow::source_credit& credit) {
      state->credits.push_back(credit.credits);
      CHECK(state->out.on_credit(credit));
      const auto sent =
        state->out.offer_some(self, std::span<const int>{state->bulk});
      CHECK(sent == state->bulk.size());
      state->bulk.clear();
      while (state->next < state->last && state->out.offer(self, state->next))
        ++state->next;
    },
    [=](flow::source_refused& refused) {
      for (const int value : flow::take_back<int>(refused))
        state->refused.push_back(value);
    },
    [=](const flow::source_closed& closed) {
      ++state->closed;
      CHECK(state->out.on_closed(closed));
    },
  };
}

/// A gateway and a reader that takes when told.
struct gateway_fixture {
  explicit gateway_fixture(std::uint64_t seed) : actors(seed) {}
  ~gateway_fixture() {
    caf::anon_send(gateway, flow::over_atom::value);
    actors.run();
    gateway = {};
    feeders.clear(); // the gateway watches them and has to hear of it
    actors.run();
  }

  flow::source_handle<int> handle() { return {gateway, window}; }

  std::size_t read(std::size_t room) {
    const auto taken = queue->take(room);
    if (taken.credit_due)
      caf::anon_send(gateway, flow::taken_atom::value);
    if (!taken.records)
      return 0;
    const auto& block =
      static_cast<const flow::typed_value_block<int>&>(*taken.records->values);
    for (std::size_t i = 0; i < taken.records->count; ++i)
      read_values.push_back(block.values[taken.records->first + i]);
    return taken.records->count;
  }

  feeder& spawn_feeder(int last, std::vector<int> bulk = {}) {
    auto& state = *states.emplace_back(std::make_unique<feeder>(handle()));
    state.last = last;
    state.bulk = std::move(bulk);
    feeders.push_back(actors.get().spawn(feed_gateway, &state));
    return state;
  }

  seeded_system actors;
  std::shared_ptr<flow::source_queue> queue =
    std::make_shared<flow::source_queue>(window);
  caf::actor gateway = actors.get().spawn<flow::source_gateway>(queue);
  std::vector<std::unique_ptr<feeder>> states;
  std::vector<caf::actor> feeders;
  std::vector<int> read_values;
};

} // namespace

TEST_CASE("a sender with a full window stops; credit arrives in chunks") {
  gateway_fixture it{test_seed()};
  auto& feeder = it.spawn_feeder(1000);
  it.actors.run();
  CHECK(feeder.next == window);
  CHECK(feeder.out.full());
  CHECK(feeder.credits == std::vector<std::uint32_t>{window});
  for (std::uint32_t i = 0; i + 1 < window / 4; ++i)
    CHECK(it.read(1) == 1);
  it.actors.run();
  CHECK(feeder.credits.size() == 1); // a chunk less one: nothing yet
  CHECK(it.read(1) == 1);
  it.actors.run();
  CHECK(feeder.credits == std::vector<std::uint32_t>{window, window / 4});
  CHECK(feeder.next == window + window / 4);
}

TEST_CASE("everything sent within the window is read in order, whatever the "
          "order of turns") {
  const auto seed = test_seed();
  gateway_fixture it{seed};
  std::mt19937_64 random{seed};
  auto& feeder = it.spawn_feeder(500);
  while (it.read_values.size() < 500) {
    it.actors.run();
    REQUIRE(it.read(1 + random() % 20) > 0);
  }
  CHECK(feeder.refused.empty());
  std::vector<int> expected(500);
  for (int i = 0; i < 500; ++i)
    expected[static_cast<std::size_t>(i)] = i;
  CHECK(it.read_values == expected);
  for (std::size_t i = 1; i < feeder.credits.size(); ++i)
    CHECK(feeder.credits[i] >= window / 4);
}

TEST_CASE("what a sender sends beyond its window comes back to it") {
  gateway_fixture it{test_seed()};
  auto& feeder = it.spawn_feeder(0);
  it.actors.run();
  const auto self = it.feeders[0];
  // As an actor that does not count would.
  for (int i = 0; i < 20; ++i) {
    auto block = std::make_shared<flow::typed_value_block<int>>(
      std::vector{i}, flow::min_timestamp);
    caf::send_as(self, it.gateway, flow::source_batch{0, std::move(block)});
  }
  it.actors.run();
  CHECK(feeder.refused == std::vector{16, 17, 18, 19});
  while (it.read(100) > 0)
    continue;
  CHECK(it.read_values.size() == window);
}

TEST_CASE("closing tells every sender once; later records come back") {
  gateway_fixture it{test_seed()};
  auto& first = it.spawn_feeder(4);
  auto& second = it.spawn_feeder(0);
  it.actors.run();
  caf::anon_send(it.gateway, flow::close_atom::value);
  caf::anon_send(it.gateway, flow::close_atom::value);
  it.actors.run();
  CHECK(first.closed == 1);
  CHECK(second.closed == 1);
  caf::send_as(
    it.feeders[1], it.gateway,
    flow::source_batch{0, std::make_shared<flow::typed_value_block<int>>(
                            std::vector{9}, flow::min_timestamp)});
  it.actors.run();
  CHECK(second.refused == std::vector{9});
  CHECK(it.read(100) == 1);
}

TEST_CASE("when the job has ended, what it did not take comes back") {
  gateway_fixture it{test_seed()};
  auto& feeder = it.spawn_feeder(6);
  it.actors.run();
  CHECK(it.read(2) == 1);
  CHECK(it.read(2) == 1);
  caf::anon_send(it.gateway, flow::over_atom::value);
  it.actors.run();
  CHECK(feeder.refused == std::vector{2, 3, 4, 5});
  CHECK(feeder.closed == 1);
}

TEST_CASE("the last handle going closes the source") {
  seeded_system actors{test_seed()};
  auto queue = std::make_shared<flow::source_queue>(window);
  auto gateway = actors.get().spawn<flow::source_gateway>(queue);
  actors.run();
  CHECK(!queue->closed());
  gateway = {};
  actors.run();
  CHECK(queue->closed());
}

TEST_CASE("a batch larger than half the window goes in parts") {
  gateway_fixture it{test_seed()};
  std::vector<int> values(window);
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<int>(i);
  auto& feeder = it.spawn_feeder(0, values);
  it.actors.run();
  CHECK(feeder.out.full());
  CHECK(feeder.refused.empty());
  CHECK(it.read(100) == window / 2);
  CHECK(it.read(100) == window / 2);
  CHECK(it.read_values == values);
}
