#pragma once

#include <string>
#include <vector>

#include "tools/harness/subject.hpp"

/// The kinds of operators, a function for each file that has some.
namespace flow::harness {

[[nodiscard]] std::vector<operator_kind_entry> reduce_kinds();
[[nodiscard]] std::vector<operator_kind_entry> watermark_kinds();
[[nodiscard]] std::vector<operator_kind_entry> pure_kinds();
[[nodiscard]] std::vector<operator_kind_entry> state_kinds();
[[nodiscard]] std::vector<operator_kind_entry> window_kinds();
[[nodiscard]] std::vector<operator_kind_entry> trigger_kinds();
[[nodiscard]] std::vector<operator_kind_entry> barrier_kinds();
[[nodiscard]] std::vector<operator_kind_entry> process_kinds();
[[nodiscard]] std::vector<operator_kind_entry> ttl_kinds();
[[nodiscard]] std::vector<operator_kind_entry> join_kinds();
[[nodiscard]] std::vector<operator_kind_entry> async_kinds();
[[nodiscard]] std::vector<operator_kind_entry> alignment_kinds();

[[nodiscard]] std::vector<std::string> pure_function_names();
[[nodiscard]] std::vector<std::string> window_function_names();
[[nodiscard]] std::vector<std::string> process_function_names();

} // namespace flow::harness
