// A sink takes the records of its own type.
#include "libflow/flow.hpp"

int main() {
  flow::stream_environment env{flow::job_options{}};
  const auto numbers = env.from_sequence(1, 4);
#ifdef FLOW_COMPILE_FAIL
  numbers.sink_to(std::make_shared<flow::print_sink<int>>());
#else
  numbers.sink_to(std::make_shared<flow::print_sink<std::int64_t>>());
#endif
}
