#pragma once

#include <cstdint>
#include <string>

#include "apps/nexmark/generator.hpp"

namespace nexmark {

/// Events in a run that does not say how many.
inline constexpr std::uint64_t default_events = 1'000'000;

/// What the command line of a run says, beside the options of every job.
struct run_settings {
  std::string query; ///< name of one
  bool all = false;  ///< every query, one after the other
  std::uint64_t events = default_events;
  generator_config generator;
  bool no_strings = false;
  bool pregenerate = false;
  std::string input;      ///< events file; empty: generated
  std::string output;     ///< folder; empty: rows are only counted
  std::string side_input; ///< empty: the standard table
};

/// Declares the options of the generator; parsing them writes to `to`.
void add_generator_options(flow::option_set& options, std::uint64_t& events,
                           generator_config& to);

/// Declares the options of a run.
flow::option_set options_of(run_settings& to);

} // namespace nexmark
