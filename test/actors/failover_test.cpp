#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "libflow/connectors/transactions/two_phase_commit_sink.hpp"
#include "test/actors/task_fixture.hpp"

using namespace flow;
using namespace std::chrono_literals;

namespace {

/// A store that outlives every attempt. The transaction is its name, in which
/// the run is: started-attempt.
class ledger {
public:
  using numbers = std::vector<std::int64_t>;

  void write(const std::string& name, std::span<const std::int64_t> values) {
    const std::lock_guard guard{mutex_};
    auto& into = open_[name];
    into.insert(into.end(), values.begin(), values.end());
  }
  expected<void> commit(const std::string& name) {
    const std::lock_guard guard{mutex_};
    if (const auto found = open_.extract(name); !found.empty())
      rows_.insert(rows_.end(), found.mapped().begin(), found.mapped().end());
    return {};
  }
  void abort(const std::string& name) {
    const std::lock_guard guard{mutex_};
    open_.erase(name);
  }
  [[nodiscard]] numbers sorted_rows() const {
    const std::lock_guard guard{mutex_};
    auto result = rows_;
    std::ranges::sort(result);
    return result;
  }
  [[nodiscard]] std::size_t size() const {
    const std::lock_guard guard{mutex_};
    return rows_.size();
  }

  std::atomic<int> openings{0}; ///< of its writers: attempts of subtasks

private:
  mutable std::mutex mutex_;
  std::map<std::string, numbers> open_; // guarded by mutex_
  numbers rows_;                        // guarded by mutex_
};

class ledger_target final
  : public transaction_target<std::int64_t, std::string> {
public:
  explicit ledger_target(std::shared_ptr<ledger> at) : at_(std::move(at)) {}

  expected<void> open(const runtime_context&) override {
    ++at_->openings;
    return {};
  }
  expected<std::string> begin(const std::string& name) override { return name; }
  expected<void> write(std::string& into, std::span<const std::int64_t> values,
                       std::span<const timestamp>) override {
    at_->write(into, values);
    return {};
  }
  expected<void> pre_commit(std::string&) override { return {}; }
  expected<void> commit(const std::string& what) override {
    return at_->commit(what);
  }
  expected<void> abort(const std::string& what) override {
    at_->abort(what);
    return {};
  }

private:
  std::shared_ptr<ledger> at_;
};

std::shared_ptr<const sink<std::int64_t>>
sink_into(const std::shared_ptr<ledger>& at) {
  return std::make_shared<two_phase_commit_sink<std::int64_t, std::string>>(
    "ledger", [at] { return std::make_unique<ledger_target>(at); }, false);
}

/// Checkpoints in a folder of their own, which goes away.
class folder {
public:
  folder()
    : path(std::filesystem::temp_directory_path()
           / ("flow-failover-" + std::to_string(getpid()))) {
    std::filesystem::remove_all(path);
    std::filesystem::create_directories(path);
  }
  folder(const folder&) = delete;
  folder& operator=(const folder&) = delete;
  ~folder() { std::filesystem::remove_all(path); }

  const std::filesystem::path path;
};

job_options options_in(const folder& in, bool checkpoints) {
  job_options options;
  options.job_name = "failover";
  options.parallelism = 2;
  options.restart.kind = restart_kind::fixed_delay;
  options.restart.fixed_delay = {5, duration_ms{20}};
  if (checkpoints) {
    options.checkpoints.interval = duration_ms{20};
    options.checkpoints.dir = in.path.string();
  }
  return options;
}

constexpr std::int64_t last = 9'999;

ledger::numbers all_numbers() {
  ledger::numbers result;
  for (std::int64_t i = 0; i <= last; ++i)
    result.push_back(i);
  return result;
}

/// source -> exchange -> function -> sink.
template <class Function>
void pipeline(stream_environment& env, const std::string& name,
              const std::shared_ptr<ledger>& to, Function function) {
  env.from_sequence(0, last)
    .uid(name)
    .rebalance()
    .map(std::move(function))
    .name(name)
    .shuffle()
    .sink_to(sink_into(to))
    .uid("into " + name);
}

} // namespace

TEST_CASE("a pipeline that fails leaves one that is not connected alone") {
  for (const bool checkpoints : {true, false}) {
    CAPTURE(checkpoints);
    const folder in;
    const auto broken = std::make_shared<ledger>();
    const auto whole = std::make_shared<ledger>();
    const auto failures = std::make_shared<std::atomic<int>>(0);
    stream_environment env{options_in(in, checkpoints)};
    pipeline(env, "broken", broken, [failures](std::int64_t x) {
      if (x % 3'000 == 2'999)
        std::this_thread::sleep_for(60ms); // a checkpoint lies between
      if (x % 3'000 == 2'999 && failures->fetch_add(1) < 3)
        throw std::runtime_error("again");
      return x;
    });
    pipeline(env, "whole", whole, [](std::int64_t x) {
      if (x % 500 == 0) // as long as the other, with all its attempts
        std::this_thread::sleep_for(20ms);
      return x;
    });
    auto job = env.execute_async();
    REQUIRE_MESSAGE(job, (job ? "" : job.error().text));
    const auto result = (*job)->wait(30s);
    REQUIRE(result);
    CHECK(result->outcome == job_outcome::finished);
    CHECK(result->summary.restarts >= 1);
    CHECK(result->summary.restarts <= 3);
    CHECK(whole->openings == 2); // one attempt of each subtask
    CHECK(broken->openings
          == 2 * (1 + static_cast<int>(result->summary.restarts)));
    CHECK((broken->sorted_rows() == all_numbers()));
    CHECK((whole->sorted_rows() == all_numbers()));
  }
}

TEST_CASE("a fatal failure ends the pipelines beside it") {
  const folder in;
  const auto broken = std::make_shared<ledger>();
  const auto other = std::make_shared<ledger>();
  stream_environment env{options_in(in, true)};
  pipeline(env, "broken", broken, [](std::int64_t x) -> std::int64_t {
    if (x == last)
      fatal("beyond repair");
    return x;
  });
  pipeline(env, "other", other, [](std::int64_t x) {
    if (x % 100 == 0)
      std::this_thread::sleep_for(20ms);
    return x;
  });
  auto job = env.execute_async();
  REQUIRE_MESSAGE(job, (job ? "" : job.error().text));
  const auto result = (*job)->wait(30s);
  REQUIRE(result);
  CHECK(result->outcome == job_outcome::failed);
  REQUIRE(result->cause);
  CHECK(result->cause->text.find("beyond repair") != std::string::npos);
  CHECK(result->summary.restarts == 0);
}
