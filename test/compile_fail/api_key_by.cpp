// -0 and 0 would be two keys: a key holds no floating-point number.
#include "libflow/flow.hpp"

int main() {
  flow::stream_environment env{flow::job_options{}};
  const auto numbers = env.from_sequence(1, 4);
#ifdef FLOW_COMPILE_FAIL
  static_cast<void>(
    numbers.key_by([](std::int64_t x) { return static_cast<double>(x); }));
#else
  static_cast<void>(numbers.key_by(
    [](std::int64_t x) { return flow::float_key{static_cast<double>(x)}; }));
#endif
}
