#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "libflow/connectors/transactions/two_phase_commit_sink.hpp"
#include "test/support/golden.hpp"

using namespace flow;

namespace {

/// Says what a store is told.
class telling_target final
  : public transaction_target<std::int64_t, std::string> {
public:
  explicit telling_target(std::string& trace) : trace_(&trace) {}

  expected<std::string> begin(const std::string& name) override {
    say("begin " + name);
    return name;
  }
  expected<void> write(std::string& into, std::span<const std::int64_t> values,
                       std::span<const timestamp>) override {
    say("write " + std::to_string(values.size()) + " into " + into);
    return {};
  }
  expected<void> pre_commit(std::string& what) override {
    say("pre-commit " + what);
    return {};
  }
  expected<void> commit(const std::string& what) override {
    say("commit " + what);
    return {};
  }
  expected<void> abort(const std::string& what) override {
    say("abort " + what);
    return {};
  }
  expected<void> recover_and_commit(const std::string& what) override {
    say("recover and commit " + what);
    return {};
  }
  expected<void> abort_left_over(const std::string& job_and_operator,
                                 std::uint32_t index, std::uint32_t parallelism,
                                 const std::string& run) override {
    say("abort what is left of " + job_and_operator + " but of " + run
        + ", subtask " + std::to_string(index) + " of "
        + std::to_string(parallelism));
    return {};
  }

private:
  void say(const std::string& line) { *trace_ += "  " + line + "\n"; }
  std::string* trace_;
};

/// One writer of a sink, through the barriers and deaths of a story.
class story {
public:
  void start(const std::string& run) {
    say(run + " starts");
    runtime_context::place place;
    place.job_id = "job";
    place.operator_id = "sink";
    place.run = run;
    runtime_context context{place};
    writer_ = sink_.make_writer();
    REQUIRE(writer_->open(context));
  }
  void record() {
    say("a record");
    const std::int64_t values[] = {1};
    const timestamp stamps[] = {0};
    REQUIRE(writer_->write(values, stamps));
  }
  void barrier(std::uint64_t id) {
    say("barrier " + std::to_string(id));
    auto taken = writer_->snapshot({.checkpoint_id = id});
    REQUIRE(taken);
    state_ = taken->entries;
  }
  void completed(std::uint64_t id) {
    say("checkpoint " + std::to_string(id) + " is complete");
    REQUIRE(writer_->checkpoint_completed(id));
  }
  /// What was snapshot last is the newest completed checkpoint.
  void restore() {
    say("it is restored");
    REQUIRE(writer_->restore(state_));
  }
  void die() {
    say("it dies");
    writer_.reset();
  }
  void fail() {
    say("the attempt fails");
    writer_->close();
    writer_.reset();
  }

  [[nodiscard]] const std::string& trace() const { return trace_; }

private:
  void say(const std::string& line) { trace_ += line + "\n"; }

  std::string trace_;
  two_phase_commit_sink<std::int64_t, std::string> sink_{
    "story", [this] { return std::make_unique<telling_target>(trace_); }};
  std::unique_ptr<sink_writer<std::int64_t>> writer_;
  std::vector<std::vector<std::byte>> state_;
};

} // namespace

TEST_CASE("trace: a restore with pending transactions") {
  story it;
  it.start("run1");
  it.record();
  it.barrier(1);
  it.completed(1);
  it.record();
  it.barrier(2); // given up
  it.record();
  it.barrier(3); // complete, but the news is lost
  it.record();
  it.die();
  it.start("run2");
  it.restore();
  it.record();
  it.barrier(4);
  it.completed(4);
  it.record();
  it.fail();
  test::check_golden("transactions/restored.txt", it.trace());
}
