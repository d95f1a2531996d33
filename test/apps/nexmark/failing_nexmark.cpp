/// nexmark whose events fail: in each of the first three attempts a subtask
/// throws after it has passed on as many events as FLOW_NEXMARK_FAIL_AFTER
/// says. Everything else is as in the program.

#include <cstdint>
#include <cstdlib>
#include <stdexcept>

#include "apps/nexmark/commands.hpp"

namespace {

constexpr std::uint32_t failures = 3;

class pass_until_failure {
public:
  explicit pass_until_failure(std::uint64_t after) : after_(after) {}

  void open(flow::runtime_context& context) {
    fails_ = context.attempt() <= failures;
  }

  bool operator()(const nexmark::event&) {
    if (fails_ && passed_++ == after_)
      throw std::runtime_error{"a failure that the test wants"};
    return true;
  }

private:
  std::uint64_t after_;
  std::uint64_t passed_ = 0;
  bool fails_ = false;
};

} // namespace

int main(int argc, char** argv) {
  const char* after = std::getenv("FLOW_NEXMARK_FAIL_AFTER");
  const pass_until_failure stage{
    after != nullptr ? std::strtoull(after, nullptr, 10) : 1};
  return nexmark::run(argc, argv,
                      [&](flow::data_stream<nexmark::event> events) {
                        auto passed = events.filter(stage);
                        passed.uid("failures").name("failures");
                        return passed;
                      });
}
