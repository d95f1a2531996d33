// union_with takes streams of one record type.
#include "libflow/flow.hpp"

int main() {
  flow::stream_environment env{flow::job_options{}};
  const auto numbers = env.from_sequence(1, 4);
#ifdef FLOW_COMPILE_FAIL
  const auto others = env.from_collection<double>({1, 2});
#else
  const auto others = env.from_sequence(5, 8);
#endif
  numbers.union_with(others).print();
}
