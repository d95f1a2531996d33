// filter needs a predicate.
#include "libflow/flow.hpp"

int main() {
  flow::stream_environment env{flow::job_options{}};
  const auto numbers = env.from_sequence(1, 4);
#ifdef FLOW_COMPILE_FAIL
  numbers.filter([](std::int64_t) { return std::string{}; }).print();
#else
  numbers.filter([](std::int64_t x) { return x > 1; }).print();
#endif
}
