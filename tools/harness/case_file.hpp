#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "tools/harness/value.hpp"

namespace flow::harness {

/// One case of a case file: an operator and the steps it is taken through.
struct test_case {
  std::string suite;
  std::string id; ///< unique within its suite
  std::vector<std::string> tags;
  value description; ///< of the operator
  value::list steps;

  [[nodiscard]] std::string name() const { return suite + "/" + id; }
  [[nodiscard]] bool tagged(const std::string& tag) const {
    return std::ranges::find(tags, tag) != tags.end();
  }
};

/// The cases of a file. An error for a file that is not there or not of the
/// format.
[[nodiscard]] expected<std::vector<test_case>>
read_case_file(const std::string& path);

} // namespace flow::harness
