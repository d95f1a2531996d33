#include <doctest/doctest.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "libflow/exchange/barrier_aligner.hpp"
#include "libflow/exchange/barrier_tracker.hpp"
#include "test/support/golden.hpp"

using namespace flow;

namespace {

/// Two inputs of a subtask; what arrives, and what follows, as text.
class traced_inputs {
public:
  explicit traced_inputs(std::unique_ptr<barrier_handler> handler)
    : handler_(std::move(handler)) {}

  void barrier(std::size_t input, std::uint64_t id) {
    say("input " + std::to_string(input) + ": barrier " + std::to_string(id));
    checkpoint_barrier what;
    what.checkpoint_id = id;
    handler_->barrier(input, what);
    tell();
  }
  void cancelled(std::size_t input, std::uint64_t id) {
    say("input " + std::to_string(input) + ": barrier " + std::to_string(id)
        + " is cancelled");
    handler_->cancel(input, id);
    tell();
  }
  void end(std::size_t input) {
    say("input " + std::to_string(input) + ": end");
    handler_->end_of_partition(input);
    tell();
  }
  void given_up(std::uint64_t id) {
    say("coordinator: checkpoint " + std::to_string(id) + " is given up");
    handler_->abort(id);
    tell();
  }

  [[nodiscard]] const std::string& trace() const { return trace_; }

private:
  void say(const std::string& line) { trace_ += line + "\n"; }

  void tell() {
    static constexpr std::array reasons{std::string_view{"subsumed"},
                                        std::string_view{"cancelled"},
                                        std::string_view{"end of input"}};
    for (const auto& event : handler_->take()) {
      const auto id = std::to_string(event.barrier.checkpoint_id);
      if (event.aborted)
        say("  give up " + id + ": "
            + std::string{reasons[static_cast<std::size_t>(*event.aborted)]});
      else
        say("  take snapshot " + id);
    }
    for (std::size_t input = 0; input < 2; ++input)
      if (handler_->blocked(input))
        say("  input " + std::to_string(input) + " is blocked");
  }

  std::unique_ptr<barrier_handler> handler_;
  std::string trace_;
};

traced_inputs aligned() {
  return traced_inputs{std::make_unique<barrier_aligner>(2)};
}

void check_trace(const traced_inputs& it, const std::string& name) {
  test::check_golden("barriers/" + name + ".txt", it.trace());
}

} // namespace

TEST_CASE("trace: aligned barriers") {
  auto it = aligned();
  it.barrier(1, 1);
  it.barrier(0, 1);
  it.barrier(0, 2);
  it.barrier(1, 2);
  check_trace(it, "aligned");
}

TEST_CASE("trace: barriers at least once") {
  traced_inputs it{std::make_unique<barrier_tracker>(2)};
  it.barrier(1, 1);
  it.barrier(1, 2);
  it.barrier(0, 1);
  it.barrier(0, 2);
  it.barrier(0, 3);
  it.barrier(0, 4);
  it.barrier(1, 4); // 3 is forgotten
  it.barrier(1, 3);
  check_trace(it, "at-least-once");
}

TEST_CASE("trace: a newer barrier subsumes an older one") {
  auto it = aligned();
  it.barrier(0, 1);
  it.barrier(1, 2);
  it.barrier(0, 2);
  check_trace(it, "subsumed");
}

TEST_CASE("trace: declined upstream, and expired at the coordinator") {
  auto it = aligned();
  it.barrier(0, 1);
  it.cancelled(1, 1);
  it.barrier(0, 2);
  it.given_up(2);
  it.barrier(1, 2);
  it.barrier(1, 3);
  it.barrier(0, 3);
  check_trace(it, "given-up");
}

TEST_CASE("trace: an end of data stands for a barrier") {
  auto it = aligned();
  it.barrier(0, 1);
  it.end(1);
  it.barrier(0, 2);
  it.end(0);
  check_trace(it, "end-of-data");
}
