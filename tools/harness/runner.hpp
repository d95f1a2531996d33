#pragma once

#include <string>

#include "tools/harness/case_file.hpp"

namespace flow::harness {

/// How cases are run a second time.
enum class rerun : std::uint8_t {
  none,
  restore, ///< a snapshot and a new instance before every step
  batches, ///< elements in batches
};

enum class verdict : std::uint8_t { passed, skipped, failed };

struct case_result {
  verdict outcome = verdict::passed;
  std::string why; ///< of one that did not pass
};

/// Runs one case from its first step to its last, or to the first that does
/// not do what it says.
[[nodiscard]] case_result run_case(const test_case& which, rerun how);

} // namespace flow::harness
