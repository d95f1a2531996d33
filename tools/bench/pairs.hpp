#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libflow/core/error.hpp"
#include "tools/bench/bench.hpp"
#include "tools/bench/job.hpp"
#include "tools/bench/machine.hpp"

namespace flow::bench {

/// What the runtime's side of a pair hands over.
struct runtime_run {
  checksum result;
  std::vector<vertex_counts> counts;
};

/// The two sides of a bench. Each is called once a pair and computes the same.
struct contest {
  std::function<expected<runtime_run>()> runtime;
  std::function<checksum()> baseline;
  /// Records that every vertex of the job has to see at least.
  std::uint64_t records = 0;
  /// runtime CPU / baseline CPU has to stay within it.
  double bar = 0;
};

/// Values of a run's pairs with their spread.
struct spread {
  double median = 0;
  double p5 = 0;
  double p95 = 0;
};

/// @pre not empty
[[nodiscard]] spread spread_of(std::vector<double> values);

/// CPU of both sides of a pair, per record.
struct pair_figures {
  double runtime_ns = 0;
  double baseline_ns = 0;
};

/// What several pairs came to.
struct pair_results {
  std::vector<pair_figures> pairs;
  spread ratio;
  double runtime_ns = 0;
  double baseline_ns = 0;
  double records_per_second = 0; ///< wall clock, the runtime's side
  std::uint64_t messages = 0;
  disturbance disturbed; ///< the worst of the pairs that count
  bool checksums_equal = true;
  std::string skipped; ///< work that was left out; empty: none
};

/// Runs pairs one after the other in this process. A pair that the machine
/// disturbed is repeated, at most three times.
expected<pair_results> run_pairs(const contest& sides, const settings& wanted);

/// More that a bench has to say: name and value, in nanoseconds.
using extra_figures = std::vector<std::pair<std::string_view, double>>;

/// Prints results and says how the bench ended.
outcome report(std::string_view bench, const settings& wanted,
               const contest& sides, const pair_results& results,
               const extra_figures& extra = {});

/// run_pairs() and report().
expected<outcome> run_contest(std::string_view bench, const settings& wanted,
                              const contest& sides);

/// CPU time of f() in nanoseconds per record, the median of three.
[[nodiscard]] double cpu_per_record(std::uint64_t records,
                                    const std::function<void()>& f);

} // namespace flow::bench
