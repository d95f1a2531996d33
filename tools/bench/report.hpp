#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/bench/bench.hpp"
#include "tools/bench/machine.hpp"

namespace flow::bench {

/// Several values of one figure.
struct spread {
  double median = 0;
  double p5 = 0;
  double p95 = 0;
};

/// @pre not empty
[[nodiscard]] spread spread_of(std::vector<double> values);

/// CPU of both sides of a pair, in nanoseconds per record.
struct pair_figures {
  double runtime_ns = 0;
  double baseline_ns = 0;
};

/// What a bench says of one configuration.
struct bench_report {
  std::string bench;
  std::string variant; ///< of a bench that has several; empty: it has one
  settings config;
  std::vector<pair_figures> pairs;
  std::optional<spread> ratio; ///< to the baseline, or to the limit
  std::optional<double> bar;   ///< what the ratio has to stay within
  double runtime_ns = 0;
  double baseline_ns = 0;
  double records_per_second = 0; ///< wall clock, the runtime's side
  std::uint64_t messages = 0;    ///< batches delivered to subtask actors
  disturbance disturbed;
  bool checksums_equal = true;
  std::string defect; ///< work that was left out, one clause; empty: none
  /// What the bench adds: name and value, in the order of the output.
  std::vector<std::pair<std::string_view, double>> extra;

  /// ok, missed, not measured, or the defect.
  [[nodiscard]] std::string verdict() const;
  [[nodiscard]] bench::outcome outcome() const;
};

/// To standard output: as one JSON object on a line, or for people.
void print(const bench_report& report);

/// Prints each, and of several the one with the worst ratio again.
/// @return defect when one of them is
outcome print(const std::vector<bench_report>& reports);

} // namespace flow::bench
