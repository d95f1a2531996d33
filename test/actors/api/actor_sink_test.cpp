#include <numeric>

#include "test/actors/api/bridge_fixture.hpp"

using namespace bridge;

namespace {

/// True when a subtask waits for the receiver of `sink`.
bool held_up_by(const flow::job_status_report& report,
                const std::string& sink) {
  for (const auto& each : report.subtasks)
    if (each.waiting_for == "room behind \"" + sink + "\"")
      return true;
  return false;
}

/// From actor to actor, chained or with an exchange in between.
struct round_trip {
  round_trip(program& around, std::int64_t count, bool holding, bool exchange)
    : env(named("round trip")) {
    receiver = around.system.spawn(take, holding, received);
    auto [stream, handle] =
      flow::from_actor<std::int64_t>(env, around.system, "in", {.window = 64});
    auto middle = stream.map([](const std::int64_t& x) { return x; });
    if (exchange)
      middle.disable_chaining();
    flow::to_actor(middle, receiver, "screen", {.window = 4});
    around.system.spawn(feed, handle, count, true, fed);
  }

  flow::stream_environment env;
  std::shared_ptr<feed_facts> fed = std::make_shared<feed_facts>();
  std::shared_ptr<receive_facts> received = std::make_shared<receive_facts>();
  caf::actor receiver;
};

std::vector<std::int64_t> first_numbers(std::size_t count) {
  std::vector<std::int64_t> result(count);
  std::iota(result.begin(), result.end(), 0);
  return result;
}

} // namespace

TEST_CASE("an actor receives every record once and in order") {
  program it;
  round_trip trip{it, 30'000, false, true};
  const auto job = flow::execute_async(trip.env, it.system);
  REQUIRE(job);
  const auto result = job->wait(deadline);
  REQUIRE(result);
  CHECK(result->outcome == flow::job_outcome::finished);
  // The job ends when the last delivery was acknowledged.
  CHECK(trip.received->values == first_numbers(30'000));
  CHECK(trip.received->most_unacknowledged <= 4);
}

TEST_CASE("a receiver that does not acknowledge stops the sender far away") {
  for (const bool exchange : {false, true}) {
    CAPTURE(exchange);
    program it;
    constexpr std::int64_t count = 200'000;
    round_trip trip{it, count, true, exchange};
    const auto job = flow::execute_async(trip.env, it.system);
    REQUIRE(job);
    REQUIRE(eventually(it.self, *job, [&](const auto& report) {
      return held_up_by(report, "screen") && trip.fed->full;
    }));
    // Chained: the sender's window, and the batches of the sink's window with
    // the one that filled it; the sender may go on while the source fills one,
    // so each may be full. Each exchange adds its window and one more.
    std::int64_t most = 64 + 1024 * (4 + 1);
    if (exchange)
      most += 1024 * 2 * (16 + 1);
    CHECK(trip.fed->sent.load() <= most);
    CHECK(trip.received->most_unacknowledged.load() == 4);
    CHECK(!job->wait(0ms));
    it.self->send(trip.receiver, release_atom::value);
    const auto result = job->wait(deadline);
    REQUIRE(result);
    CHECK(result->outcome == flow::job_outcome::finished);
    CHECK(trip.received->values == first_numbers(count));
  }
}

TEST_CASE("the job does not end before the last acknowledgement") {
  program it;
  round_trip trip{it, 10, true, false};
  const auto job = flow::execute_async(trip.env, it.system);
  REQUIRE(job);
  REQUIRE(eventually(it.self, *job, [&](const auto& report) {
    return held_up_by(report, "screen") && trip.received->records == 10;
  }));
  CHECK(!job->wait(0ms));
  it.self->send(trip.receiver, release_atom::value);
  const auto result = job->wait(deadline);
  REQUIRE(result);
  CHECK(result->outcome == flow::job_outcome::finished);
}

TEST_CASE("the death of a receiver fails the job with its name") {
  program it;
  round_trip trip{it, 10, true, false};
  const auto job = flow::execute_async(trip.env, it.system);
  REQUIRE(job);
  REQUIRE(eventually(
    it.self, *job, [&](const auto&) { return trip.received->records == 10; }));
  caf::anon_send_exit(trip.receiver, caf::exit_reason::kill);
  const auto result = job->wait(deadline);
  REQUIRE(result);
  CHECK(result->outcome == flow::job_outcome::failed);
  REQUIRE(result->cause);
  CHECK(result->cause->text.find("\"screen\"") != std::string::npos);
  CHECK(result->cause->text.find("kill") != std::string::npos);
}

TEST_CASE("an idle job notices the death of its receiver") {
  program it;
  flow::stream_environment env{named("idle")};
  auto received = std::make_shared<receive_facts>();
  auto receiver = it.system.spawn(take, false, received);
  auto [stream, handle] = flow::from_actor<std::int64_t>(env, it.system, "in");
  flow::to_actor(stream, receiver, "screen");
  const auto job = flow::execute_async(env, it.system);
  REQUIRE(job);
  REQUIRE(eventually(it.self, *job, [](const auto& report) {
    return report.state == flow::job_state::running;
  }));
  caf::anon_send_exit(receiver, caf::exit_reason::user_shutdown);
  const auto result = job->wait(deadline);
  REQUIRE(result);
  CHECK(result->outcome == flow::job_outcome::failed);
  REQUIRE(result->cause);
  CHECK(result->cause->text.find("\"screen\"") != std::string::npos);
}

TEST_CASE("a receiver that ended before the job began fails it") {
  program it;
  flow::stream_environment env{named("gone")};
  auto receiver =
    it.system.spawn(take, false, std::make_shared<receive_facts>());
  flow::to_actor(env.from_sequence(1, 100), receiver, "screen");
  it.self->send_exit(receiver, caf::exit_reason::user_shutdown);
  it.self->wait_for(receiver);
  receiver = {};
  const auto job = flow::execute_async(env, it.system);
  REQUIRE(job);
  const auto result = job->wait(deadline);
  REQUIRE(result);
  CHECK(result->outcome == flow::job_outcome::failed);
  REQUIRE(result->cause);
  CHECK(result->cause->text.find("\"screen\"") != std::string::npos);
}
