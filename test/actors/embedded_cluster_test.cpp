#include <sys/socket.h>
#include <time.h>

#include <chrono>
#include <fstream>
#include <latch>
#include <regex>
#include <thread>

#include "test/actors/endless_source.hpp"
#include "test/actors/task_fixture.hpp"

using namespace flow;
using namespace std::chrono_literals;

namespace {

/// Waits for the end of a job; a job that hangs fails the test.
job_result end_of(running_job& job) {
  auto result = job.wait(20s);
  REQUIRE_MESSAGE(result.has_value(), "the job hangs");
  return *result;
}

std::unique_ptr<running_job> start(stream_environment& env) {
  auto job = env.execute_async();
  REQUIRE_MESSAGE(job, (job ? "" : job.error().text));
  return std::move(*job);
}

template <class Done>
void wait_until(running_job& job, Done done) {
  for (int i = 0; i < 2000 && !done(); ++i)
    (void)job.wait(5ms);
  REQUIRE(done());
}

long status_line(const char* name) {
  std::ifstream file{"/proc/self/status"};
  std::string word;
  while (file >> word)
    if (word == name) {
      long value = 0;
      file >> value;
      return value;
    }
  return -1;
}

double cpu_seconds() {
  timespec spent{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
  return static_cast<double>(spent.tv_sec)
         + static_cast<double>(spent.tv_nsec) * 1e-9;
}

} // namespace

TEST_CASE("a job gives the same result at any parallelism") {
  std::vector<std::int64_t> wanted;
  for (std::int64_t i = 0; i < 100'000; ++i)
    if (i % 3 == 0)
      wanted.push_back(i * 2);
  for (const std::uint32_t p : {1U, 2U, 4U, 7U}) {
    stream_environment env{test_options(p)};
    const auto results = env.from_sequence(0, 99'999)
                           .rebalance()
                           .filter([](std::int64_t x) { return x % 3 == 0; })
                           .shuffle()
                           .map([](std::int64_t x) { return x * 2; })
                           .collect();
    auto job = start(env);
    const job_result result = end_of(*job);
    CHECK(result.outcome == job_outcome::finished);
    CHECK(result.summary.records_in == 100'000);
    CHECK(result.summary.records_out == wanted.size());
    auto got = results.records();
    std::sort(got.begin(), got.end());
    CHECK((got == wanted));
  }
}

TEST_CASE("a failing map fails the job with operator and record") {
  stream_environment env{test_options(4)};
  end_apart(env.from_sequence(0, 1'000'000)
              .rebalance()
              .map([](std::int64_t x) {
                if (x == 77'777)
                  throw std::runtime_error("sevens");
                return x;
              })
              .name("picky")
              .shuffle(),
            4);
  auto job = start(env);
  const job_result result = end_of(*job);
  CHECK(result.outcome == job_outcome::failed);
  REQUIRE(result.cause);
  CHECK(result.cause->text == "operator \"picky\": sevens (record: 77777)");
}

TEST_CASE("a cancelled job ends, and so does one whose handle is given up") {
  stream_environment env{test_options(2)};
  end_apart(
    env.from_source<std::int64_t>(std::make_shared<endless_source>(false)), 2);
  {
    auto job = start(env);
    job->cancel();
    CHECK(end_of(*job).outcome == job_outcome::cancelled);
  }
  auto given_up = start(env);
  given_up.reset();
}

TEST_CASE("a stopped job processes everything that was read") {
  const auto origin = std::make_shared<endless_source>(false);
  stream_environment env{test_options(2)};
  const auto results = env.from_source<std::int64_t>(origin)
                         .rebalance()
                         .map([](std::int64_t x) { return x; })
                         .shuffle()
                         .collect();
  auto job = start(env);
  wait_until(*job, [&] { return origin->read() > 20'000; });
  job->stop();
  const job_result result = end_of(*job);
  CHECK(result.outcome == job_outcome::stopped);
  CHECK(static_cast<std::int64_t>(results.records().size()) == origin->read());
}

TEST_CASE("who waits for a job is told of its end, also afterwards") {
  stream_environment env{test_options(1)};
  end_apart(
    env.from_source<std::int64_t>(std::make_shared<endless_source>(false)), 1);
  std::latch told{2};
  auto job = start(env);
  job->on_end([&] { told.count_down(); });
  job->cancel();
  end_of(*job);
  job->on_end([&] { told.count_down(); });
  told.wait(); // or the time of the test runs out
}

TEST_CASE("flow::fatal ends a job that could be restarted") {
  job_options options = test_options();
  options.restart.kind = restart_kind::fixed_delay;
  options.restart.fixed_delay.attempts = 5;
  options.restart.fixed_delay.delay = duration_ms{1};
  stream_environment env{options};
  end_apart(env.from_sequence(0, 9).map(
    [](std::int64_t) -> std::int64_t { fatal("beyond repair"); }));
  auto job = start(env);
  const job_result result = end_of(*job);
  CHECK(result.outcome == job_outcome::failed);
  CHECK(result.summary.restarts == 0);
}

TEST_CASE("a job with a restart strategy comes through") {
  job_options options = test_options(2);
  options.restart.kind = restart_kind::fixed_delay;
  options.restart.fixed_delay.attempts = 3;
  options.restart.fixed_delay.delay = duration_ms{5};
  stream_environment env{options};
  const auto failures = std::make_shared<std::atomic<int>>(0);
  end_apart(
    env.from_sequence(0, 9999).rebalance().map([failures](std::int64_t x) {
      if (x == 5000 && failures->fetch_add(1) < 3)
        throw std::runtime_error("again");
      return x;
    }));
  auto job = start(env);
  const job_result result = end_of(*job);
  CHECK(result.outcome == job_outcome::finished);
  CHECK(result.summary.restarts == 3);
}

TEST_CASE("a job that needs more slots than there are says so") {
  job_options options = test_options(3);
  options.task_slots = 2;
  stream_environment env{options};
  end_apart(env.from_sequence(0, 9), 3);
  auto job = start(env);
  const job_result result = end_of(*job);
  CHECK(result.outcome == job_outcome::failed);
  REQUIRE(result.cause);
  CHECK(result.cause->text.find("slot") != std::string::npos);
}

TEST_CASE("an idle job uses less than a thousandth of a core") {
  stream_environment env{test_options(4)};
  end_apart(
    env.from_source<std::int64_t>(std::make_shared<endless_source>(true))
      .assign_timestamps_and_watermarks(
        monotonous_timestamps([](std::int64_t x) { return x; }))
      .rebalance(),
    4);
  auto job = start(env);
  CHECK_FALSE(job->wait(200ms).has_value());
  const double before = cpu_seconds();
  CHECK_FALSE(job->wait(2s).has_value());
  const double used = cpu_seconds() - before;
  MESSAGE("CPU of 2 s idle: " << used * 1000 << " ms");
  CHECK(used < 0.002);
}

TEST_CASE("a hundred jobs one after the other leave no thread behind") {
  auto run = [] {
    stream_environment env{test_options(2)};
    const auto results = env.from_sequence(1, 1000).rebalance().collect();
    auto job = start(env);
    CHECK(end_of(*job).outcome == job_outcome::finished);
    CHECK(results.records().size() == 1000);
  };
  run();
  const long threads = status_line("Threads:");
  const long memory = status_line("VmRSS:");
  for (int i = 0; i < 100; ++i)
    run();
  // A detached actor's thread ends a moment after its actor.
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (status_line("Threads:") > threads
         && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  CHECK(status_line("Threads:") <= threads);
  CHECK(status_line("VmRSS:") < memory + 20'000);
}

TEST_CASE("busy, idle and backpressured are exported and make up a second") {
  stream_environment env{test_options()};
  end_apart(
    env.from_source<std::int64_t>(std::make_shared<endless_source>(false))
      .rebalance()
      .map([](std::int64_t x) {
        volatile std::int64_t spin = 0;
        for (int i = 0; i < 100; ++i)
          spin = spin + x;
        return x;
      })
      .name("slow"));
  auto job = start(env);
  CHECK_FALSE(job->wait(1500ms).has_value());
  const std::string text = job->metrics();
  const std::regex line{
    R"x(flow_task_(\w+)_time_ms_per_second\{job="job",task="([^"]*)",)x"
    R"x(subtask="0"\} (\d+))x"};
  std::map<std::string, int> sums;
  for (std::sregex_iterator it{text.begin(), text.end(), line}, end; it != end;
       ++it)
    sums[(*it)[2]] += std::stoi((*it)[3]);
  CHECK(sums.size() == 3);
  for (const auto& [task, sum] : sums) {
    CAPTURE(task);
    CHECK(sum >= 950);
    CHECK(sum <= 1050);
  }
}

TEST_CASE("the status of a job says in whose code a subtask is") {
  stream_environment env{test_options()};
  const auto let_go = std::make_shared<std::latch>(1);
  const auto inside = std::make_shared<std::atomic<bool>>(false);
  end_apart(env.from_sequence(1, 1)
              .rebalance()
              .map([=](std::int64_t x) {
                *inside = true;
                let_go->wait();
                return x;
              })
              .name("thinker"));
  auto job = start(env);
  wait_until(*job, [&] { return inside->load(); });
  const job_status_report report = job->status();
  let_go->count_down();
  bool said = false;
  for (const auto& each : report.subtasks)
    said = said
           || each.waiting_for.starts_with(
             "user code of operator \"thinker\", for ");
  CHECK(said);
  CHECK(end_of(*job).outcome == job_outcome::finished);
}

TEST_CASE("a taken port for metrics is an error before the job starts") {
  job_options options = test_options();
  options.metrics = host_port{"256.256.1.1", 1};
  stream_environment env{options};
  end_apart(env.from_sequence(1, 1));
  const auto job = env.execute_async();
  REQUIRE_FALSE(job);
  CHECK(job.error().text.starts_with("cannot serve metrics on 256.256.1.1:1"));
}
