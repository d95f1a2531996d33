#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

namespace flow::test {

/// Compares with a file of test/golden, named relative to that. With
/// FLOW_UPDATE_GOLDEN=1 the file is written instead; look at the difference
/// before it is committed. Tests run in the root of the repository.
inline void check_golden(const std::string& name, const std::string& actual) {
  const std::string path = "test/golden/" + name;
  const char* update = std::getenv("FLOW_UPDATE_GOLDEN");
  if (update && std::string{update} == "1") {
    std::ofstream file(path, std::ios::binary);
    file << actual;
    REQUIRE_MESSAGE(file.flush().good(), "cannot write " << path);
    return;
  }
  std::ifstream file(path, std::ios::binary);
  REQUIRE_MESSAGE(file.good(), "cannot read " << path);
  std::ostringstream content;
  content << file.rdbuf();
  INFO(path);
  CHECK(actual == content.str());
}

} // namespace flow::test
