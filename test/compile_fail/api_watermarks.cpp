// A timestamp is read from one record.
#include "libflow/flow.hpp"

using namespace std::chrono_literals;

int main() {
  flow::stream_environment env{flow::job_options{}};
  const auto numbers = env.from_sequence(1, 4);
#ifdef FLOW_COMPILE_FAIL
  static_cast<void>(
    numbers.assign_timestamps_and_watermarks(flow::bounded_out_of_orderness(
      1h, [](std::int64_t x, std::int64_t) { return x; })));
#else
  static_cast<void>(numbers.assign_timestamps_and_watermarks(
    flow::bounded_out_of_orderness(1h, [](std::int64_t x) { return x; })));
#endif
}
