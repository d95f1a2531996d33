// reduce needs a function of two records.
#include "libflow/flow.hpp"

int main() {
  flow::stream_environment env{flow::job_options{}};
  const auto numbers = env.from_sequence(1, 4);
#ifdef FLOW_COMPILE_FAIL
  numbers.key_by([](std::int64_t x) { return x % 2; })
    .reduce([](std::int64_t a) { return a; })
    .print();
#else
  numbers.key_by([](std::int64_t x) { return x % 2; })
    .reduce([](std::int64_t a, std::int64_t b) { return a + b; })
    .print();
#endif
}
