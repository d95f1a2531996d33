#include <numeric>

#include "test/actors/api/bridge_fixture.hpp"

using namespace bridge;

namespace {

std::vector<std::int64_t> first_numbers(std::size_t count) {
  std::vector<std::int64_t> result(count);
  std::iota(result.begin(), result.end(), 0);
  return result;
}

} // namespace

TEST_CASE("values of an actor arrive in order, each once, and close ends the "
          "job") {
  program it;
  flow::stream_environment env{named("ordered")};
  auto [stream, handle] =
    flow::from_actor<std::int64_t>(env, it.system, "in", {.window = 100});
  const auto out = stream.collect();
  auto facts = std::make_shared<feed_facts>();
  it.system.spawn(feed, handle, 20'000, true, facts);
  const auto job = flow::execute_async(env, it.system);
  REQUIRE(job);
  const auto result = job->wait(deadline);
  REQUIRE(result);
  CHECK(result->outcome == flow::job_outcome::finished);
  CHECK(result->summary.records_in == 20'000);
  CHECK(out.records() == first_numbers(20'000));
  CHECK(facts->smallest_chunk >= 25);
  CHECK(facts->chunks <= 20'000 / 25);
}

TEST_CASE("values sent before the job runs are taken when it does") {
  program it;
  flow::stream_environment env{named("early")};
  auto [stream, handle] =
    flow::from_actor<std::int64_t>(env, it.system, "in", {.window = 4});
  const auto out = stream.collect();
  flow::send(it.self, handle, std::int64_t{0});
  flow::send_batch(it.self, handle, std::vector<std::int64_t>{1, 2, 3}, 17);
  flow::send(it.self, handle, std::int64_t{4}); // one too many
  flow::close(it.self, handle);
  bool refused = false;
  it.self->receive(
    [](const flow::source_credit& credit) { CHECK(credit.credits == 4); });
  it.self->receive([&](flow::source_refused& back) {
    CHECK(back.why == flow::refusal::window_full);
    CHECK(flow::take_back<std::int64_t>(back) == std::vector<std::int64_t>{4});
    refused = true;
  });
  CHECK(refused);
  const auto job = flow::execute_async(env, it.system);
  REQUIRE(job);
  const auto result = job->wait(deadline);
  REQUIRE(result);
  CHECK(result->outcome == flow::job_outcome::finished);
  CHECK(out.records() == first_numbers(4));
}

TEST_CASE("records carry the timestamps they were sent with") {
  program it;
  flow::stream_environment env{named("stamps")};
  auto [stream, handle] = flow::from_actor<std::int64_t>(env, it.system, "in");
  const auto out = stream
                     .process<flow::timestamp>(
                       [](const std::int64_t&, flow::process_context& context,
                          flow::collector<flow::timestamp>& to) {
                         to.emit(context.record_timestamp());
                       })
                     .collect();
  flow::send(it.self, handle, std::int64_t{0}, 1000);
  flow::send(it.self, handle, std::int64_t{1});
  flow::send_batch(it.self, handle, std::vector<std::int64_t>{2, 3}, 2000);
  flow::close(it.self, handle);
  const auto job = flow::execute_async(env, it.system);
  REQUIRE(job);
  REQUIRE(job->wait(deadline));
  CHECK(out.records()
        == std::vector<flow::timestamp>{1000, flow::min_timestamp, 2000, 2000});
}

TEST_CASE("several actors feed one source") {
  program it;
  flow::stream_environment env{named("several")};
  auto [stream, handle] =
    flow::from_actor<std::int64_t>(env, it.system, "in", {.window = 32});
  const auto out = stream.collect();
  std::vector<std::shared_ptr<feed_facts>> facts;
  for (int i = 0; i < 5; ++i) {
    facts.push_back(std::make_shared<feed_facts>());
    it.system.spawn(feed, handle, 1000, false, facts.back());
  }
  const auto job = flow::execute_async(env, it.system);
  REQUIRE(job);
  REQUIRE(eventually(it.self, *job, [](const flow::job_status_report& report) {
    return report.progress.records_in == 5000;
  }));
  flow::close(it.self, handle);
  REQUIRE(job->wait(deadline));
  CHECK(out.records().size() == 5000);
}

TEST_CASE("stopping processes what was accepted and tells the senders") {
  program it;
  flow::stream_environment env{named("stopped")};
  auto [stream, handle] = flow::from_actor<std::int64_t>(env, it.system, "in");
  const auto out = stream.collect();
  flow::send_batch(it.self, handle, std::vector<std::int64_t>{0, 1, 2});
  const auto job = flow::execute_async(env, it.system);
  REQUIRE(job);
  REQUIRE(eventually(it.self, *job, [](const flow::job_status_report& report) {
    return report.state == flow::job_state::running;
  }));
  job->stop();
  const auto result = job->wait(deadline);
  REQUIRE(result);
  CHECK(result->outcome == flow::job_outcome::stopped);
  CHECK(out.records() == first_numbers(3));
  bool closed = false;
  it.self->receive([](const flow::source_credit&) {});
  it.self->receive([&](const flow::source_closed& what) {
    closed = what.source == handle.id();
  });
  CHECK(closed);
}

TEST_CASE("an environment that never runs lets go of waiting senders") {
  program it;
  auto facts = std::make_shared<feed_facts>();
  flow::stream_environment env{named("never")};
  auto [stream, handle] =
    flow::from_actor<std::int64_t>(env, it.system, "in", {.window = 8});
  it.system.spawn(feed, handle, 1000, true, facts);
  flow::send(it.self, handle, std::int64_t{0});
  it.self->receive([](const flow::source_credit&) {});
  // The end of this scope must not wait for anyone.
}

TEST_CASE("the plan says that an actor source promises at most once") {
  program it;
  flow::stream_environment env{named("plan")};
  auto [stream, handle] = flow::from_actor<std::int64_t>(env, it.system, "in");
  (void)stream.collect();
  const auto text = env.explain(flow::graph_format::text);
  REQUIRE(text);
  CHECK(text->find("guarantee: at-most-once, limited by source 'in'")
        != std::string::npos);
}
