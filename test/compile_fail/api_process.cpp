// process needs a context and a collector.
#include "libflow/flow.hpp"

int main() {
  flow::stream_environment env{flow::job_options{}};
  const auto numbers = env.from_sequence(1, 4);
#ifdef FLOW_COMPILE_FAIL
  numbers
    .process([](std::int64_t x, flow::collector<int>& out) {
      out.emit(static_cast<int>(x));
    })
    .print();
#else
  numbers
    .process([](std::int64_t x, flow::process_context&,
                flow::collector<int>& out) { out.emit(static_cast<int>(x)); })
    .print();
#endif
}
