#include "actors/api/courier_actor.hpp"

#include <doctest/doctest.h>

#include "actors/api/delivery_window.hpp"
#include "actors/api/to_actor.hpp"
#include "test/actors/api/seeded_system.hpp"
#include "test/support/test_seed.hpp"

namespace {

constexpr std::uint32_t most = 3;

struct received {
  std::vector<flow::delivery<int>> all;
};

caf::behavior receive(caf::event_based_actor*, received* to) {
  return {[=](const flow::delivery<int>& each) { to->all.push_back(each); }};
}

struct courier_fixture {
  explicit courier_fixture(std::uint64_t seed) : actors(seed) {}
  ~courier_fixture() {
    caf::anon_send(courier, flow::close_atom::value);
    actors.run();
    got.all.clear();
    courier = {};
    receiver = {};
  }

  void give(std::uint64_t sequence) {
    using content = flow::delivery<int>::content;
    window->given();
    caf::anon_send(
      courier,
      flow::outgoing_batch{
        sequence, caf::make_message(flow::delivery<int>{
                    0, sequence,
                    std::make_shared<const content>(content{
                      {static_cast<int>(sequence)}, {flow::min_timestamp}}),
                    courier})});
  }
  void acknowledge(std::size_t index) {
    caf::anon_send(courier, flow::delivery_ack{got.all[index].sequence()});
    actors.run();
  }

  seeded_system actors;
  received got;
  caf::actor receiver = actors.get().spawn(receive, &got);
  std::shared_ptr<flow::delivery_window> window =
    std::make_shared<flow::delivery_window>(most);
  caf::actor courier =
    actors.get().spawn<flow::courier_actor>(receiver, "screen", most, window);
};

} // namespace

TEST_CASE("no more than the window is under way without acknowledgements") {
  courier_fixture it{test_seed()};
  for (std::uint64_t i = 1; i <= 5; ++i)
    it.give(i);
  it.actors.run();
  CHECK(it.got.all.size() == most);
  CHECK(it.window->full());
  it.acknowledge(0);
  CHECK(it.got.all.size() == most + 1);
  CHECK(it.window->full()); // five given, one acknowledged
  it.acknowledge(1);
  it.acknowledge(2);
  CHECK(!it.window->full());
  REQUIRE(it.got.all.size() == 5);
  for (std::uint64_t i = 0; i < 5; ++i)
    CHECK(it.got.all[i].sequence() == i + 1);
}

TEST_CASE("an acknowledgement counts once") {
  courier_fixture it{test_seed()};
  for (std::uint64_t i = 1; i <= 4; ++i)
    it.give(i);
  it.actors.run();
  it.acknowledge(0);
  it.acknowledge(0);
  it.acknowledge(0);
  CHECK(it.got.all.size() == 4);
  CHECK(it.window->full());
}

TEST_CASE("the writer is woken when it stops being full") {
  courier_fixture it{test_seed()};
  int woken = 0;
  it.window->set_waker([&] { ++woken; });
  for (std::uint64_t i = 1; i <= most; ++i)
    it.give(i);
  it.actors.run();
  CHECK(woken == 0);
  it.acknowledge(0);
  CHECK(woken == 1);
  it.acknowledge(1);
  CHECK(woken == 1);
}

TEST_CASE("a writer that has finished waits for the last acknowledgement") {
  courier_fixture it{test_seed()};
  int woken = 0;
  it.window->set_waker([&] { ++woken; });
  it.give(1);
  it.give(2);
  it.window->finish();
  it.actors.run();
  CHECK(it.window->full());
  it.acknowledge(0);
  CHECK(it.window->full());
  it.acknowledge(1);
  CHECK(!it.window->full());
  CHECK(woken == 1);
}

TEST_CASE("the death of the receiver is an error that names it") {
  courier_fixture it{test_seed()};
  int woken = 0;
  it.window->set_waker([&] { ++woken; });
  it.actors.run();
  CHECK(it.window->health());
  caf::anon_send_exit(it.receiver, caf::exit_reason::kill);
  it.actors.run();
  CHECK(woken == 1);
  CHECK(it.window->full());
  REQUIRE(!it.window->health());
  CHECK(it.window->health().error().text.find("\"screen\"")
        != std::string::npos);
  CHECK(it.window->health().error().severity == flow::error_severity::fatal);
}
