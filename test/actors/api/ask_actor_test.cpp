#include "actors/api/ask_actor.hpp"

#include "test/actors/api/bridge_fixture.hpp"

using namespace bridge;

namespace {

using number = std::int64_t;

FLOW_ATOM(triple)

caf::behavior tripler(caf::event_based_actor*) {
  return {[](triple_atom, number x) { return 3 * x; }};
}

/// Answers the first question about each number with an error.
struct moody_state {
  std::set<number> asked;
};

caf::behavior moody(caf::stateful_actor<moody_state>* self) {
  return {[=](triple_atom, number x) -> caf::result<number> {
    if (self->state.asked.insert(x).second)
      return caf::make_error(caf::sec::unexpected_message);
    return 3 * x;
  }};
}

caf::message question(const number& x) {
  return caf::make_message(triple_atom::value, x);
}

/// What a job makes of 1 to 100 by asking `actor`.
std::optional<flow::job_result> run(program& around, const caf::actor& actor,
                                    bool ordered,
                                    const flow::async_options& options,
                                    std::vector<number>& results) {
  flow::stream_environment env{named("questions")};
  const auto numbers = env.from_sequence(1, 100);
  const auto ask = flow::ask_actor<number>(actor, "tripler", question,
                                           std::chrono::seconds{5});
  const auto answers = ordered ? numbers.async_ordered<number>(ask, options)
                               : numbers.async_unordered<number>(ask, options);
  auto collected = answers.collect();
  const auto job = flow::execute_async(env, around.system);
  REQUIRE(job);
  auto result = job->wait(deadline);
  results = collected.records();
  return result;
}

std::vector<number> multiples_of_three() {
  std::vector<number> result;
  for (number x = 1; x <= 100; ++x)
    result.push_back(3 * x);
  return result;
}

} // namespace

TEST_CASE("an actor answers a stream's questions") {
  for (const bool ordered : {true, false}) {
    CAPTURE(ordered);
    program it;
    const auto actor = it.system.spawn(tripler);
    std::vector<number> results;
    const auto job = run(it, actor, ordered, {.capacity = 10}, results);
    REQUIRE(job);
    CHECK(job->outcome == flow::job_outcome::finished);
    if (!ordered)
      std::ranges::sort(results);
    CHECK(results == multiples_of_three());
  }
}

TEST_CASE("a question that failed is asked again") {
  program it;
  const auto actor = it.system.spawn(moody);
  std::vector<number> results;
  const auto job =
    run(it, actor, true, {.capacity = 10, .attempts = 2}, results);
  REQUIRE(job);
  CHECK(job->outcome == flow::job_outcome::finished);
  CHECK(results == multiples_of_three());
}

TEST_CASE("an actor that has ended fails the job by name") {
  program it;
  std::vector<number> results;
  const auto actor = it.system.spawn(tripler);
  caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
  it.self->wait_for(actor);
  const auto job = run(it, actor, true, {}, results);
  REQUIRE(job);
  CHECK(job->outcome == flow::job_outcome::failed);
  REQUIRE(job->cause);
  CHECK(job->cause->text.find("tripler") != std::string::npos);
}
