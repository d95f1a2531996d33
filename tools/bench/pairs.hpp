#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "libflow/core/error.hpp"
#include "tools/bench/job.hpp"
#include "tools/bench/report.hpp"

namespace flow::bench {

/// Tries after one that the machine disturbed.
inline constexpr int repetitions = 3;

/// What the runtime's side of a pair hands over.
struct runtime_run {
  checksum result;
  std::vector<vertex_counts> counts;
};

/// The two sides of a bench. Each is called once a pair and computes the same.
struct contest {
  std::string_view bench;
  double bar = 0; ///< of runtime CPU / baseline CPU
  std::function<expected<runtime_run>()> runtime;
  std::function<checksum()> baseline;
};

/// Runs pairs one after the other in this process. A pair that the machine
/// disturbed is repeated, at most three times; it is kept then, and the report
/// says that nothing was measured.
expected<bench_report> run_pairs(const contest& sides, const settings& wanted);

/// run_pairs(), printed.
expected<outcome> run_contest(const contest& sides, const settings& wanted);

/// CPU time of f() in nanoseconds per record, the median of three.
[[nodiscard]] double cpu_per_record(std::uint64_t records,
                                    const std::function<void()>& f);

} // namespace flow::bench
