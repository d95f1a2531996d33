#pragma once

#include <string>
#include <vector>

#include "tools/harness/subject.hpp"

namespace flow::harness {

/// All kinds of operators that cases may name, by name.
[[nodiscard]] const std::vector<operator_kind_entry>& operator_kinds();

/// The entry of an operator's description. Throws unknown_feature.
[[nodiscard]] const operator_kind_entry& kind_of(const value& description);

/// Names of the functions that operators may be described with, as --list
/// prints them: "window function sum", "process function query_time".
[[nodiscard]] std::vector<std::string> function_names();

} // namespace flow::harness
