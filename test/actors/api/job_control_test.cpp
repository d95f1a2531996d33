#include "test/actors/api/bridge_fixture.hpp"

using namespace bridge;

namespace {

/// A job that runs until it is told to end.
struct endless {
  endless(program& around, std::string name) : env(named(std::move(name))) {
    auto [stream, to] =
      flow::from_actor<std::int64_t>(env, around.system, "in");
    (void)stream.collect();
    handle = std::make_shared<flow::source_handle<std::int64_t>>(to);
  }

  flow::stream_environment env;
  std::shared_ptr<flow::source_handle<std::int64_t>> handle;
};

bool runs(const flow::job_status_report& report) {
  return report.state == flow::job_state::running;
}

template <class Answer, class Atom>
Answer ask(program& it, const flow::job_control& job, Atom what) {
  Answer result{};
  it.self->request(job.actor(), deadline, what)
    .receive([&](Answer& answer) { result = std::move(answer); },
             [&](const caf::error& why) { FAIL(to_string(why)); });
  return result;
}

} // namespace

TEST_CASE("any actor may ask a running job for its status and metrics") {
  program it;
  endless source{it, "asked"};
  const auto job = flow::execute_async(source.env, it.system);
  REQUIRE(job);
  REQUIRE(eventually(it.self, *job, runs));
  flow::send_batch(it.self, *source.handle, std::vector<std::int64_t>{1, 2, 3});
  REQUIRE(eventually(it.self, *job, [](const auto& report) {
    return report.progress.records_in == 3;
  }));
  const auto report =
    ask<flow::job_status_report>(it, *job, flow::status_atom::value);
  REQUIRE(report.subtasks.size() == 1);
  CHECK(report.subtasks[0].state == flow::task_state::running);
  const auto text = ask<std::string>(it, *job, flow::metrics_atom::value);
  CHECK(text.find("asked") != std::string::npos);
}

TEST_CASE("stop and cancel are requests, answered at once") {
  for (const bool stop : {true, false}) {
    CAPTURE(stop);
    program it;
    endless source{it, "commanded"};
    const auto job = flow::execute_async(source.env, it.system);
    REQUIRE(job);
    REQUIRE(eventually(it.self, *job, runs));
    CHECK((stop ? ask<bool>(it, *job, flow::stop_atom::value)
                : ask<bool>(it, *job, flow::cancel_atom::value)));
    const auto result =
      ask<flow::job_result>(it, *job, flow::result_atom::value);
    CHECK(
      result.outcome
      == (stop ? flow::job_outcome::stopped : flow::job_outcome::cancelled));
    // It has ended: there is nothing to tell it, but still something to say.
    CHECK(!ask<bool>(it, *job, flow::stop_atom::value));
    CHECK(!ask<bool>(it, *job, flow::cancel_atom::value));
    CHECK(ask<flow::job_status_report>(it, *job, flow::status_atom::value).state
          == (stop ? flow::job_state::stopped : flow::job_state::cancelled));
  }
}

TEST_CASE("a listener hears of the end") {
  program it;
  flow::stream_environment env{named("heard")};
  (void)env.from_sequence(1, 10).collect();
  const auto job =
    flow::execute_async(env, it.system, caf::actor_cast<caf::actor>(it.self));
  REQUIRE(job);
  bool heard = false;
  it.self->receive(
    [&](const flow::job_ended& end) {
      heard =
        end.job == "heard" && end.result.outcome == flow::job_outcome::finished;
    },
    caf::after(deadline) >> [] {});
  CHECK(heard);
}

TEST_CASE("a job that is let go of is cancelled, and what it did not take "
          "comes back") {
  program it;
  endless source{it, "dropped"};
  {
    const auto job = flow::execute_async(source.env, it.system,
                                         caf::actor_cast<caf::actor>(it.self));
    REQUIRE(job);
  }
  bool cancelled = false;
  it.self->receive(
    [&](const flow::job_ended& end) {
      cancelled = end.result.outcome == flow::job_outcome::cancelled;
    },
    caf::after(deadline) >> [] {});
  CHECK(cancelled);
  flow::send(it.self, *source.handle, std::int64_t{1});
  bool refused = false;
  it.self->receive(
    [&](const flow::source_refused& back) {
      refused = back.why == flow::refusal::closed;
    },
    caf::after(deadline) >> [] {});
  CHECK(refused);
}

TEST_CASE("two jobs share one actor system") {
  program it;
  endless first{it, "first"};
  endless second{it, "second"};
  const auto one = flow::execute_async(first.env, it.system);
  const auto two = flow::execute_async(second.env, it.system);
  REQUIRE(one);
  REQUIRE(two);
  REQUIRE(eventually(it.self, *one, runs));
  REQUIRE(eventually(it.self, *two, runs));
  one->cancel();
  REQUIRE(one->wait(deadline));
  CHECK(ask<flow::job_status_report>(it, *two, flow::status_atom::value).state
        == flow::job_state::running);
  flow::send(it.self, *second.handle, std::int64_t{1});
  flow::close(it.self, *second.handle);
  const auto result = two->wait(deadline);
  REQUIRE(result);
  CHECK(result->outcome == flow::job_outcome::finished);
  CHECK(result->summary.records_in == 1);
}

TEST_CASE("a graph that breaks a rule is refused before anything runs") {
  program it;
  flow::stream_environment env{named("empty")};
  const auto job = flow::execute_async(env, it.system);
  CHECK(!job);
}
