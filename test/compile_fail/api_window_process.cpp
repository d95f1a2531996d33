// A window function takes all records of a window, not one.
#include "libflow/flow.hpp"

using namespace std::chrono_literals;

int main() {
  flow::stream_environment env{flow::job_options{}};
  const auto numbers = env.from_sequence(1, 4);
#ifdef FLOW_COMPILE_FAIL
  static_cast<void>(
    numbers.key_by([](std::int64_t x) { return x % 2; })
      .window(flow::tumbling_event_time{1h})
      .process([](const flow::window_context<std::int64_t>&, std::int64_t,
                  flow::collector<std::int64_t>&) {}));
#else
  static_cast<void>(numbers.key_by([](std::int64_t x) { return x % 2; })
                      .window(flow::tumbling_event_time{1h})
                      .process([](const flow::window_context<std::int64_t>&,
                                  std::span<const std::int64_t>,
                                  flow::collector<std::int64_t>&) {}));
#endif
}
