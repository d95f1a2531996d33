/// The queries of the Nexmark benchmark, over an auction site's events.

#include <string_view>

#include "apps/nexmark/commands.hpp"

int main(int argc, char** argv) {
  const std::string_view command = argc > 1 ? argv[1] : "";
  if (command == "generate")
    return nexmark::generate(argc - 1, argv + 1);
  if (command == "materialize")
    return nexmark::materialize(argc - 1, argv + 1);
  return nexmark::run(argc, argv);
}
