// map needs a function of the record.
#include "libflow/flow.hpp"

int main() {
  flow::stream_environment env{flow::job_options{}};
  const auto numbers = env.from_sequence(1, 4);
#ifdef FLOW_COMPILE_FAIL
  numbers.map([](const std::string& x) { return x; }).print();
#else
  numbers.map([](std::int64_t x) { return x; }).print();
#endif
}
