#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "libflow/connectors/csv/csv_malformed.hpp"
#include "libflow/flow.hpp"

namespace flights {

/// What the command line says, beside the options that every job has.
struct settings {
  std::string input;
  std::string airports;
  std::string output;
  std::chrono::milliseconds window = std::chrono::hours{1};
  std::chrono::milliseconds out_of_orderness = std::chrono::minutes{30};
  std::chrono::milliseconds allowed_lateness{0};
  std::int64_t delayed_after = 15; ///< minutes
  flow::csv_error_policy on_error = flow::csv_error_policy::fail;
};

/// Declares the options; parsing them writes to `to`, which has to outlive it.
inline flow::option_set options_of(settings& to) {
  using policy = flow::csv_error_policy;
  flow::option_set options;
  options.add("input", &to.input, "FILE", "flights to read, as CSV").required();
  options
    .add("airports", &to.airports, "FILE",
         "airports to read, as CSV; a row that cannot be read ends the job")
    .required();
  options.add("output", &to.output, "DIR", "folder to write to").required();
  options.add("window", &to.window, "length of a window");
  options.add("out-of-orderness", &to.out_of_orderness,
              "how far a row may be behind the latest one before it");
  options.add("allowed-lateness", &to.allowed_lateness,
              "how long a window still takes rows after it has closed");
  options.add("delayed-after", &to.delayed_after, "MINUTES",
              "a flight counts as delayed from more than these");
  options.add_choice("on-error", &to.on_error,
                     {{"fail", policy::fail},
                      {"skip", policy::skip},
                      {"dead-letter", policy::dead_letter}},
                     "what happens to a flight's row that cannot be read");
  options.check([&to]() -> flow::expected<void> {
    if (to.window.count() > 0)
      return {};
    return flow::error{flow::error_code::invalid_argument,
                       "--window: a window is longer than nothing"};
  });
  return options;
}

} // namespace flights
