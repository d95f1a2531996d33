#include <cstdint>

#include <libflow/flow.hpp>

int main(int argc, char** argv) {
  auto env = flow::stream_environment::from_args(argc, argv, "template");
  env.from_collection<std::int64_t>({1, 2, 3, 4})
    .name("numbers")
    .map([](std::int64_t x) { return x * x; })
    .name("square")
    .print();
  return env.execute();
}
